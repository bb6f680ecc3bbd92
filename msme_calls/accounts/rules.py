"""What a name, an address and a password must be, and what administrators may do to an account."""

import unicodedata

from email_validator import EmailNotValidError, validate_email

from msme_calls.i18n import _l, folded

SHORTEST, LONGEST = 10, 200  # characters of a password
LONGEST_NAME, LONGEST_ADDRESS = 150, 320
# The commonest passwords of at least ten characters, in lower case (the shorter ones are refused by their length).
COMMON = frozenset(
    """1234567890 12345678910 123456789a 123456789q 0123456789 0987654321 9876543210 1234554321 1122334455 1111111111
    0000000000 987654321a a123456789 q123456789 123123123a 147258369a 1q2w3e4r5t 1q2w3e4r5t6y 1qaz2wsx3edc
    q1w2e3r4t5 q1w2e3r4t5y6 zaq12wsxcde3 qwertyuiop qwertyuiop1 qwertzuiop azertyuiop azertyuiop1 asdfghjkl1
    asdfghjkl123 zxcvbnm123 qwerty1234 qwerty12345 qwerty123456 azerty1234 azerty12345 azerty123456 abcd123456
    abcdef1234 abcdefghij abc1234567 abcd1234567 abc123abc123 password12 password123 password1234 password12345
    passw0rd123 p@ssw0rd123 passwordpassword mypassword1 motdepasse motdepasse1 motdepasse123 contrasena contraseña
    contrasena1 contrasena123 contraseña1 contraseña123 iloveyou123 iloveyou12 jetaime123 tequieromucho welcome123
    welcome1234 bienvenue1 bienvenue123 bienvenido1 bienvenido123 letmein123 letmein1234 changeme123 changeme1234
    administrator admin12345 admin123456 administrador administrateur football123 baseball123 superman123 princess123
    sunshine123 doudou1234 liverpool1 manchester startfinding anthropogenic1 unknown123 secret1234 test123456
    testtest123 testpassword computer123 internet123 barcelona1 qazwsxedcrfv smallbusiness msmecalls1""".split()
)
# Characters that turn the order of what stands around them, or are none.
_DECEIVING = {chr(c) for c in (*range(0x202A, 0x202F), *range(0x2066, 0x206A), 0xFEFF)}


def no_address(text: str) -> str | None:
    """The reason against using this as somebody's mail address."""
    try:
        if len(text) > LONGEST_ADDRESS:  # before it is looked at: that takes its time
            raise EmailNotValidError
        validate_email(text, check_deliverability=False, allow_smtputf8=False)
    except EmailNotValidError:
        return _l("Enter an address like name@example.org, without accents before the @.")
    return None


def no_name(text: str) -> str | None:
    """The reason against calling somebody this. Names go into mails to others, so they carry no link."""
    return _l("Enter your name.") if not text.strip() else no_organisation(text)


def no_organisation(text: str) -> str | None:
    """The reason against naming an organisation this; having none is fine."""
    if len(text) > LONGEST_NAME:
        return _l("Shorten the name to %(n)d characters.", n=LONGEST_NAME)
    if any(unicodedata.category(c) in ("Cc", "Cs", "Zl", "Zp") or c in _DECEIVING for c in text):
        return _l("Write the name on one line, without control characters.")
    if "://" in text or "www." in text.casefold() or "<" in text or ">" in text:
        return _l("Leave links out of the name.")
    return None


def no_password(text: str, *personal: str) -> str | None:
    """The reason against a password. `personal`: the address and the name of whoever chooses it."""
    if len(text) < SHORTEST:
        return _l("Choose at least %(n)d characters. Several words are easy to remember.", n=SHORTEST)
    if len(text) > LONGEST:
        return _l("Choose at most %(n)d characters.", n=LONGEST)
    bare = _bare(text)
    if text.casefold() in COMMON or len(set(text)) < 4:
        return _l("Many people use this password, so it is tried first. Choose another.")
    if any(own in bare and len(bare) - len(own) < 4 for own in _own_words(personal)):
        return _l("This is too close to your name or address. Choose another.")
    return None


def _bare(text: str) -> str:
    return "".join(c for c in folded(text) if c.isalnum())


def _own_words(personal: tuple[str, ...]) -> list[str]:
    """The address, its parts and the name, as compared with a password."""
    parts = [p for text in personal for p in (text, text.partition("@")[0], text.partition("@")[2])]
    return [bare for bare in map(_bare, parts) if len(bare) > 3]


def no_change_of_role(oneself: bool, active: bool) -> str | None:
    """The reason against giving or taking a role. Nobody ends her own, so that an administrator always remains."""
    if oneself:
        return _l("Another administrator changes your roles and your account.")
    if not active:
        return _l("Reactivate the account first.")
    return None


def no_reset(oneself: bool) -> str | None:
    """The reason against taking somebody's second step away. One's own is removed on one's own page."""
    return _l("Another administrator takes your second step away.") if oneself else None


def no_deactivation(oneself: bool) -> str | None:
    """The reason against closing or opening an account."""
    return _l("Another administrator changes your roles and your account.") if oneself else None
