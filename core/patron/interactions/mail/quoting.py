"""What the writer of a mail wrote anew: quotes and signature folded away, answers between quotes kept.

The reply headers of the common clients are known in English, German, French and Spanish.
"""

from __future__ import annotations

import re

MAX_LINES = 20_000

_MAIL = r"[^\s<>\"'@]+@[^\s<>\"'@]+"
# One reply header, already joined to a single line: "On …, Ann wrote:" and its kin.
_ATTRIBUTIONS = [
    re.compile(pattern, re.IGNORECASE)
    for pattern in (
        r"On\b.{4,300}\b(?:wrote|writes|said|sent)\b.{0,60}:",
        r"(?:Am|Den|Zitat von|Von)\b.{4,300}\b(?:schrieb|geschrieben|hat geschrieben)\b.{0,200}:",
        r".{2,200}\b(?:schrieb|geschrieben)\b.{0,40}\b(?:am|um)\b.{4,120}:",
        r"(?:Le|En date de|Citation de)\b.{4,300}\b(?:a écrit|à écrit|écrivit|écrivait|a ecrit)\b.{0,100}:",
        r"(?:El|En|Con fecha|Citando a)\b.{4,300}\b(?:escribió|escribio|escribi[óo]\b|escribe)\b.{0,100}:",
        rf"(?:\d{{4}}[-/.]\d\d?[-/.]\d\d?|\d\d?[-/.]\d\d?[-/.]\d{{2,4}}).{{0,120}}<(?:mailto:)?{_MAIL}>\s*:?",
        rf".{{0,100}}<(?:mailto:)?{_MAIL}>.{{0,30}}\b(?:wrote|writes|schrieb|a écrit|escribió)\b.{{0,80}}:",
        r"(?:Quoting|In (?:article|message) <).{2,200}(?::|wrote:|writes:)",
        r"[^\s:].{0,80}\b(?:wrote|schrieb|a écrit|escribió)\s*:",
    )
]
_STARTS = re.compile(
    r"(?:On|Am|Den|Le|El|En|Von|Zitat|Quoting|Citation|Citando|Con fecha|In article|In message|"
    r"\d{1,4}[-/.])\b",
    re.IGNORECASE,
)
_ORIGINAL = re.compile(
    r"[-_=\s]*\b(?:Original(?:[ -]?(?:Message|nachricht|mail|e-mail))|Ursprüngliche (?:Nachricht|"
    r"E-?Mail)|Reply [Mm]essage|"
    r"Message (?:d['’]origine|original|initial)|Mensaje original|Original appointment)\b\s*[-_=]*:?\s*",
    re.IGNORECASE,
)
_FORWARD = re.compile(
    r"[-_\s>]*(?:Forwarded message|Begin forwarded message|Weitergeleitete Nachricht|"
    r"Anfang der weitergeleiteten (?:Nachricht|E-Mail)|Message transféré|Message transmis|"
    r"Début du message (?:réexpédié|transféré)|Mensaje reenviado|Inicio del mensaje reenviado)\b",
    re.IGNORECASE,
)
_FROM_FIELD = re.compile(r"\s*\*?(?:From|Von|De|Expéditeur|Absender|Remitente)\s?:\*?\s+\S", re.IGNORECASE)
_OTHER_FIELD = re.compile(
    r"\s*\*?(?:Sent|Date|To|Cc|Subject|Reply-To|Gesendet(?: am)?|Datum|An|Betreff|Kopie|"
    r"Envoyé(?: le)?|À|A|Objet|"
    r"Enviado(?: el)?|Fecha|Para|Asunto|Destinataire)\s?:\*?(?:\s|$)",
    re.IGNORECASE,
)
_MARKER = re.compile(
    r"(?:reply|write|respond) above this line|antwort(?:en sie)? (?:bitte )?(?:oberhalb|"
    r"über) dieser (?:linie|zeile)|"
    r"répondre au-dessus de cette ligne|responda? (?:por encima|arriba) de esta línea",
    re.IGNORECASE,
)
_SIGNATURE = re.compile(r"--\s?$")
_DEVICE = re.compile(
    r"\s*(?:Sent (?:from|via|with) (?:my|mail|outlook|yahoo|proton|samsung|gmail|the|a)\b.{0,80}|"
    r"Get Outlook for \w+.{0,60}|"
    r"(?:Von|Diese Nachricht wurde von) meinem \w[\w ]{0,40} gesendet.{0,40}|(?:Gesendet|"
    r"Versendet) (?:von|mit|aus)\b.{0,80}|"
    r"Outlook für \w+ (?:beziehen|herunterladen).{0,60}|Envoyé (?:de|depuis|à partir d[eu]|avec)\b.{0,80}|"
    r"(?:Obtenir|Télécharger) Outlook pour .{0,60}|Provenance : .{0,60}|"
    r"Enviado (?:desde|con|de) (?:mi|mail|outlook|yahoo|el|un|correo)\b.{0,80}|"
    r"Obtener Outlook para .{0,60})$",
    re.IGNORECASE,
)
_LIST_FOOTER = re.compile(r"_{30,}$")


def visible_text(text: str) -> str:
    """``text`` without quotes and signature. A mail that is nothing but quotes is answered whole."""
    lines = text.split("\n")[:MAX_LINES]
    kept = _Folder(lines).fold()
    result = re.sub(r"\n{3,}", "\n\n", "\n".join(kept)).strip()
    return result or text.strip()


class _Folder:
    """Walks the lines once; ``signature`` is true between a signature's first line and the next quote."""

    def __init__(self, lines: list[str]) -> None:
        self.lines = lines
        self.signature = False
        self.kept: list[str] = []

    def fold(self) -> list[str]:
        at = 0
        while at < len(self.lines):
            line = self.lines[at]
            if _FORWARD.match(line):
                # What is forwarded is what the writer wants read.
                return self.kept + self.lines[at:]
            if _MARKER.search(line) or _is_header_block(self.lines, at):
                return self.kept
            length = _attribution_length(self.lines, at)
            if length:
                if not self._quote_follows(at + length):
                    return self.kept
                self.signature = False
                at += length
                continue
            if _is_quoted(line):
                self.signature = False
            elif not self._hidden(at):
                self.kept.append(line.rstrip())
            at += 1
        return self.kept

    def _quote_follows(self, at: int) -> bool:
        """Whether the original is marked by ``>``; else everything below is the original."""
        following = next((line for line in self.lines[at:] if line.strip()), "")
        return _is_quoted(following)

    def _hidden(self, at: int) -> bool:
        if self.signature:
            return True
        line = self.lines[at].strip()
        rest = [text for text in self.lines[at + 1 : at + 60] if text.strip()]
        if _SIGNATURE.fullmatch(self.lines[at]) or (line == "--" and len(rest) < 12):
            self.signature = True
        elif _DEVICE.fullmatch(line) or (_LIST_FOOTER.fullmatch(line) and any(self.kept) and len(rest) < 6):
            self.signature = len(rest) < 4 or _LIST_FOOTER.fullmatch(line) is not None
            return True
        return self.signature


def _is_quoted(line: str) -> bool:
    return line.lstrip().startswith(">") or line.startswith("| ")


def _attribution_length(lines: list[str], at: int) -> int:
    """How many lines the reply header starting at ``at`` takes: 0 when there is none, at most 4."""
    first = _bare(lines[at])
    if not first or len(first) > 400:
        return 0
    joined = ""
    for length in range(1, 5):
        if at + length > len(lines):
            break
        line = _bare(lines[at + length - 1])
        if not line or (length > 1 and not _STARTS.match(first) and "<" not in first):
            break
        joined = f"{joined} {line}".strip()
        if len(joined) > 500:
            break
        if any(pattern.fullmatch(joined) for pattern in _ATTRIBUTIONS):
            return length if _looks_like_attribution(joined, lines, at + length) else 0
    return 0


def _looks_like_attribution(joined: str, lines: list[str], after: int) -> bool:
    """A sentence such as "On this the board said:" is none: it names no time and nothing quoted follows."""
    if re.search(r"\d", joined) or "@" in joined:
        return True
    following = next((line for line in lines[after : after + 3] if line.strip()), "")
    return _is_quoted(following)


def _bare(line: str) -> str:
    """A line without the marks that clients put round reply headers."""
    return line.strip().lstrip("> ").strip(" -_*|")


def _is_header_block(lines: list[str], at: int) -> bool:
    """An Outlook-like block (From, Sent, To, Subject) or the line "Original Message" starts here."""
    line = lines[at]
    if _ORIGINAL.fullmatch(line) and line.strip():
        return line.strip().startswith(("-", "_", "=")) or _fields_within(lines, at + 1, 1)
    if _FROM_FIELD.match(line):
        return _fields_within(lines, at + 1, 2)
    if re.fullmatch(r"\s*[_\-]{10,}\s*", line):
        following = next((i for i in range(at + 1, min(at + 4, len(lines))) if lines[i].strip()), None)
        return following is not None and _is_header_block(lines, following) and not _is_rule(lines[following])
    return False


def _is_rule(line: str) -> bool:
    return re.fullmatch(r"\s*[_\-]{10,}\s*", line) is not None


def _fields_within(lines: list[str], at: int, wanted: int) -> bool:
    window = [line for line in lines[at : at + 9] if line.strip()][:7]
    return sum(1 for line in window if _OTHER_FIELD.match(line) or _FROM_FIELD.match(line)) >= wanted
