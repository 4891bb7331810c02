def build(tools):
    raise RuntimeError("no")
