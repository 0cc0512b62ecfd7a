"""Rule `codes`: what transcribers and programs add to the words, in CHAT and in other formats."""

from __future__ import annotations

import re

# --- other formats than CHAT -------------------------------------------------------------------

_TAG = r"</?(?:i|b|u|s|c|v|lang|ruby|rt|font|span)(?:[.\s][^<>]*)?/?>|<br\s*/?>"
"""Tags of subtitles: the words between them stay."""

_CLOCK_TAG = r"<[0-9][0-9:.]*>"
_STYLE_TAG = r"\{\\[^{}]*\}"
TAGS = re.compile(f"{_TAG}|{_CLOCK_TAG}|{_STYLE_TAG}", re.IGNORECASE)

COMMENTS = re.compile(
    r"\[[^\[\]]*\]"  # [laughs]
    r"|(?<![^\W\d_])\([^()]*\)(?![^\W\d_])"  # (door closes), but not toy(s) or (be)cause
    r"|<[^<>\s]+>"  # <noise>
    r"|(?<!\S)&[=~+-]\S+"  # &=laughs, &-um
    r"|[♩♪♫♬]"
)
ATTACHED = re.compile(r"\(([^\W\d_]+)\)")
GROUP = re.compile(r"<([^<>]*)>")

# --- CHAT --------------------------------------------------------------------------------------

CHAT_ASIDE = re.compile(
    r"\x15[^\x15]*\x15?"  # the bullet with its times
    r"|\([0-9.:]+\)"  # pauses: (.) (..) (1.5)
    r"|(?<![^\s<])&[^\s<>\[\]]+"  # events, fillers, fragments: &=laughs &-um &+fr
    r"|(?<![^\s<])0(?![0-9])[^\s<>\[\]]*"  # words left out by the speaker: 0is
    r"|(?<!\S)#[0-9_:.]*(?!\S)"  # pauses as they were once written
    r"|[⌈⌉⌊⌋][0-9]?"  # overlaps
    r"|↫[^↫]*↫"  # stuttered sounds
)
CHAT_PROSODY = re.compile("[ˈˌ↑↓↗↘→⇗⇘∞≈≋≡∙∆∇⁎°◉▁▔☺♋∬∮≠‹›〔〕^]")
CHAT_SEPARATORS = str.maketrans({"„": ",", "‡": ","})
RETRACED = re.compile(r"\[/(?:/{0,2}|[-?])\]")
REPLACED = re.compile(r"\[:\s+([^\[\]]*?)\s*\]")
SCOPED_WORD = re.compile(r"(?<![^\s<>\[\]])([^\s<>\[\]]+)((?:\s*\[[^\[\]]*\])+)")
SCOPED_GROUP = re.compile(r"<([^<>\[\]]*)>((?:\s*\[[^\[\]]*\])*)")
CODE = re.compile(r"\[[^\[\]]*\]")
LINKER = re.compile(r"(?<!\S)\+(?:[\"^<,+=≈≋]|\+)+(?!\S)")
TERMINATOR = re.compile(r"(?<!\S)\+[/.!?\"]*?([.?!])(?!\S)")
SPECIAL_FORM = re.compile(r"(?<=\w)@[A-Za-z0-9:$&+*_-]+")
LENGTHENED = re.compile(r"(?<=[^\W\d_]):+(?=[^\W\d_]|\s|$)")
JOINED = re.compile(r"(?<=\w)[+_](?=\w)")


def without(pattern: re.Pattern[str], text: str) -> str:
    """Take out what matches, with the commas and blanks that were there for its sake.

    A text without a match is returned as it is.
    """
    shorter = pattern.sub(" ", text)
    return text if shorter == text else _joined(shorter)


def plain_codes(text: str) -> str:
    """Take out comments and marks of a transcript that does not follow CHAT.

    Square brackets go with what they hold, round ones too unless they are attached to a word, of
    which they then are a part. Of markup only the tags go; a mark such as <noise> goes as a whole.
    """
    text = TAGS.sub("", text)
    while (shorter := without(COMMENTS, text)) != text:
        text = shorter
    return GROUP.sub(_group, ATTACHED.sub(r"\1", text))


def _group(match: re.Match[str]) -> str:
    """Return the words that stand in angle brackets; what may be arithmetic stays as it is."""
    words = match[1]
    return words if words[:1].isalpha() and not words[-1].isspace() else match[0]


def chat_codes(text: str) -> str:
    """Leave the words of a CHAT utterance as they would be written outside CHAT.

    Material that is retraced and words that are left out go, as they do on the %mor tier; a
    replacement stands for the word that it explains; shortened words are whole.
    """
    text = CHAT_ASIDE.sub(" ", text)
    text = CHAT_PROSODY.sub("", text).translate(CHAT_SEPARATORS)
    text = SCOPED_WORD.sub(_scoped, text)
    while (flatter := SCOPED_GROUP.sub(_scoped, text)) != text:
        text = SCOPED_WORD.sub(_scoped, flatter)
    text = CODE.sub(" ", text)
    text = TERMINATOR.sub(r"\1", LINKER.sub(" ", text))
    text = SPECIAL_FORM.sub("", text)
    text = re.sub(r"[()<>]", "", text)
    text = JOINED.sub(" ", LENGTHENED.sub("", text))
    return _joined(text)


def _scoped(match: re.Match[str]) -> str:
    """Return what the codes behind a word or group leave of it."""
    words, codes = match[1], match[2]
    for code in CODE.findall(codes):
        replaced = REPLACED.fullmatch(code)
        if replaced:
            words = replaced[1]
        elif RETRACED.fullmatch(code):
            words = " "
    return words


def _joined(text: str) -> str:
    """Mend the blanks and commas around what was taken out."""
    text = " ".join(text.split())
    text = re.sub(r"[,;] ?(?=[.?!])", "", text)
    text = re.sub(r"([,;.?!…])(?: [,;.?!…]+)+", r"\1", text)
    text = re.sub(r" (?=[,;.?!…])", "", text)
    return text.lstrip(" ,;.?!…").rstrip(" ,;")
