"""What runs elsewhere is no module of this Python's."""

collect_ignore = ["in_pyodide.py"]
