"""How many schedules there are of each kind."""


def kills_of(count):
    """those where workers are only killed, for so many others"""
    return count // 50
