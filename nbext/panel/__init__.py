"""What the JupyterLab extension is told of a kernel's runs, and the orders that it gives."""
