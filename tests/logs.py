"""Logs written by hand, with their times fixed."""

from nbstream.messages import UsageMetadata

USAGE = UsageMetadata(input_tokens=12, output_tokens=4, total_tokens=16)


def run(trace, name, run_type="chain", parent=None, model=None, **more):
    keys = {"tags": [], "metadata": {}, "input": None, **more}
    index = len(trace.runs)
    return trace.add_run(
        id=f"id-{index}", name=name, run_type=run_type, parent=parent, model=model, **keys
    )


def log(trace, *steps):
    """Log the events ``(milliseconds, kind, run, data)``."""
    for ms, kind, who, *data in steps:
        value = trace._inputs[who.index] if kind == "start" else data[0] if data else None
        trace.log(kind, who, value, time=ms / 1000)
    return trace
