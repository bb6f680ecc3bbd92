"""Which browser a request comes from, so coarsely that its owner knows it again and nobody else can tell it apart."""

# The first word that is found names the family: browsers claim to be their ancestors too.
_BROWSERS = (
    ("SamsungBrowser", "Samsung Internet"), ("OPR/", "Opera"), ("OPT/", "Opera"), ("Edg", "Edge"), ("FxiOS", "Firefox"),
    ("Firefox", "Firefox"), ("CriOS", "Chrome"), ("Chrome", "Chrome"), ("Safari", "Safari"),
)  # fmt: skip
_SYSTEMS = (
    ("iPad", "iPad"), ("iPhone", "iPhone"), ("Android", "Android"), ("Windows", "Windows"), ("CrOS", "ChromeOS"),
    ("Mac OS X", "macOS"), ("Macintosh", "macOS"), ("Linux", "Linux"),
)  # fmt: skip


def family(agent: str) -> str:
    """The family of a browser by what it says of itself; empty if it isn't a known one."""
    return next((name for word, name in _BROWSERS if word in agent), "")


def system(agent: str) -> str:
    """The system that it runs on, without a version; empty if it isn't a known one."""
    return next((name for word, name in _SYSTEMS if word in agent), "")
