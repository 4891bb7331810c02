def build(tools):
    return None
