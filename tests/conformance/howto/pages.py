"""What the programs share."""

PROGRAMS = {}


def page(name):
    """Put a program under its page's name."""

    def note(program):
        PROGRAMS[f"{name}: {program.__name__.replace('_', ' ')}"] = program
        return program

    return note


def add_tool(lc):
    @lc.tool
    def add(a: int, b: int) -> int:
        """Add two numbers."""
        return a + b

    return add
