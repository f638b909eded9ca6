"""files: what tests read of the files that sinks write."""


def lines_of(path):
    """[] while there is no file"""
    try:
        with open(path, encoding="utf-8") as f:
            return f.read().splitlines()
    except FileNotFoundError:
        return []
