"""The receipt on paper: what its page says, with the signed text inside the document."""

import io
from typing import Any

from flask_babel import gettext as _

from msme_calls import i18n, pdf
from msme_calls.proposals.models import Proposal, ProposalVersion
from msme_calls.web import absolute, megabytes


def name_of(proposal: Proposal, version: ProposalVersion) -> str:
    """The name under which a receipt is kept, without its ending."""
    return f"receipt-{proposal.reference}-{version.number}"


def receipt(proposal: Proposal, version: ProposalVersion, face: dict[str, str]) -> bytes:
    """The signed receipt of a version as a PDF in the reader's language."""
    call, at, address = proposal.call, version.submitted_at, absolute("publication.verify")
    words = i18n.said
    moment = _("%(moment)s, %(zone)s", moment=i18n.written(at, call.zone, "second"), zone=i18n.zone_name(at, call.zone))
    data: dict[str, Any] = {
        "title": _("Receipt %(reference)s", reference=proposal.reference),
        "head": words(call.title),
        "foot": proposal.reference,
        "lead": _("We have received this proposal."),
        "facts": [
            (_("Reference"), proposal.reference),
            (_("Call"), words(call.title)),
            (_("Proposal"), face.get("title", "")),
            (_("From"), face.get("organisation", "")),
            (_("Received"), f"{moment}\n{i18n.written(at, 'UTC', 'second')} UTC"),
            (_("Version"), str(version.number)),
        ],
        "fingerprint": {
            "heading": _("Fingerprint"),
            "words": _("Computed from your answers and files. If one letter changed, it would differ."),
            "digest": f"sha256:{version.digest}",
        },
        "files_heading": _("Files"),
        "files": [
            {"name": f["name"], "size": megabytes(f["size"]), "sha256": f"sha256:{f['sha256']}"} for f in version.files
        ],
        "verify": {
            "heading": _("How to check this receipt"),
            "words": _("The signed receipt is inside this file: keep the file, a print on paper can’t be checked. Open "
                       "the page below and choose the file. It shows whether we signed it and whether it was changed."),
            "url": address,
            "qr": _("The address of that page as a code for phones"),
        },
        "raw": {"file": f"{name_of(proposal, version)}.json", "receipt": version.receipt, "qr": _code(address)},
    }  # fmt: skip
    data["facts"] = [pair for pair in data["facts"] if pair[1]]
    return pdf.made("receipt", data, i18n.language())


def _code(address: str) -> str:
    """An address as a code for phones, drawn."""
    import segno

    out = io.BytesIO()
    segno.make(address, error="m").save(out, kind="svg", xmldecl=False, border=0)
    return out.getvalue().decode()
