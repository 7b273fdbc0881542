"""Headers as people write them: ``∂E_t/∂w1``, ``dE_total / dw1`` and ``dw1`` are all the quantity ``dE_dw1``."""

import re
import unicodedata
from functools import cache

_NODES: tuple[tuple[str, tuple[str, ...]], ...] = tuple(
    (pattern, tuple(names.split()))
    for pattern, names in (
        (r"(?:i|in|inp|input|x|xi|ini|inputi|inputx|inputneuron)([12])", "i{}"),
        (r"(?:t|tar|target|targeto|to|tout|targetout|ttarget|desired|expected|actual|ytrue|ideal|d)([12])", "t{}"),
        (r"(?:w|weight|θ|wt|weightw)([1-8])", "w{}"),
        (r"(?:b|bias|biasb)([1-4])", "b{}"),
        (r"(?:b|bias)h([12])", "b_h{}"),
        (r"(?:b|bias)o([12])", "b_o{}"),
        (r"(?:net|z|sum|in|s|u|v|input|nethidden|zhidden|neth|zh|inputto|weightedsum)h([12])", "h{}"),
        (r"(?:h|hidden|hiddenneuron|hid)([12])(?:in|net|input|sum|z)", "h{}"),
        (r"(?:net|z|sum|in|s|u|v|input|netout|zout|inputto|weightedsum)o([12])", "o{}"),
        (r"(?:o|out|output)([12])(?:in|net|input|sum|z)", "o{}"),
        (r"(?:a|out|act|activation|σ|sigmoid|sig|f|y|g|ac|output|outhidden|actual|φ)(?:net|z|in|sum)?h([12])", "a_h{}"),
        (r"(?:h|hidden)([12])(?:out|act|a|output|activation|sigmoid)", "a_h{}"),
        (r"(?:a|out|act|activation|σ|sigmoid|sig|f|y|g|ac|output|outout|φ)(?:net|z|in|sum)?o([12])", "a_o{}"),
        (r"(?:o|output)([12])(?:out|act|a|output|activation|sigmoid)", "a_o{}"),
        (r"(?:ŷ|yhat|ypred|pred|prediction)([12])", "a_o{}"),
        # Whether these are a neuron's sum or its activation depends on what else there is.
        (r"(?:h|hidden|hiddenneuron|hid)([12])", "h{} a_h{}"),
        (r"(?:o|outneuron|outputneuron)([12])", "o{} a_o{}"),
        (r"(?:out|output)([12])", "a_o{} o{}"),
        (r"y([12])", "a_o{} t{}"),
        (r"(?:z|net|s|u|sum)([12])", "h{}"),
        (r"(?:a|act|σ)([12])", "a_h{}"),
        (r"(?:e|err|error|loss|cost|j|l|eo|erroro|erro|eout|losso|se|squarederror|c)([12])", "E{}"),
    )
)
_SHIFTED = ((r"(?:z|net|s|u|sum)([34])", "o"), (r"(?:a|act|σ)([34])", "a_o"))


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


_TOTAL = _words(
    "e et etot etotal etota totale tote totalerror errortotal errortot error err loss cost totalloss losstotal "
    "totalcost j l c mse sse sumerror errorsum esum e1+e2 ∑e σe eges egesamt overallerror toterror toterr errtot ltot"
)
_RATE = _words("η eta lr learningrate learnrate learning rate \u03b1 alpha ƞ ŋ stepsize ε lrη")
_STEP = _words(
    "step steps epoch epochs iteration iter iterations i n # no nr t k it index round iterationno stepno epochno run"
)
_D = r"(?:d|∂|δ|delta|partial|grad|∇)"
_NEXT = r"(?:new|next|updated|neu|\+|'|\u2032|\u2019|\*|\(t\+1\)|\(n\+1\)|\(k\+1\)|t\+1|n\+1|k\+1|upd|update)"


@cache
def read(text: str) -> tuple[str, ...]:
    """The quantities that a header may name, the likeliest first; empty if it names none.

    They are named as in the table of quantities; further ones are the learning rate ``lr``, the number of the step
    ``step``, a weight after its update ``w1_next``, and any derivative ``dX_dY`` of one quantity by another.
    """
    for candidate in _candidates(text):
        names = _names(candidate)
        if names:
            return names
    return ()


def label(text: str) -> tuple[str, ...]:
    """The quantities that a text beside or above a cell may name: as `read`, with ``=`` or ``:`` at its end."""
    return read(text.strip().rstrip("=: "))


def _candidates(text: str) -> list[str]:
    """A header in ways of shortening it: whole, its first line, before an ``=``, without remarks in parentheses."""
    if len(text) > 200:
        return []
    first_line = text.strip().split("\n")[0]
    before = re.split(r"[=:≔]|(?<=\S)\s+[-–—]\s+", first_line)[0]
    bare = re.sub(r"\([^()]*\)", "", before)
    words = re.findall(r"\(([^()]*)\)", before)
    return list(dict.fromkeys(filter(None, map(_plain, (text, first_line, before, bare, *words)))))


def _plain(text: str) -> str:
    """A text without what people vary: case, spaces, subscripts, underscores and hyphens."""
    text = unicodedata.normalize("NFKC", text).casefold()
    text = text.replace("𝜕", "∂").replace("ϭ", "σ").replace("ς", "σ").replace("÷", "/")
    text = re.sub(r"[\s_\-\u2010-\u2015\u2212{}\[\]\\$^.,|·]", "", text)
    # A zero typed for the letter o, as in a_01.
    return re.sub(r"(?<![0-9])0(?=[12](?![0-9]))", "o", text)


def _names(text: str) -> tuple[str, ...]:
    if text in _RATE:
        return ("lr",)
    if text in _TOTAL:
        return ("E_tot",)
    if text in _STEP:
        return ("step",)
    if (derivative := _derivative(text)) is not None:
        return derivative
    if match := re.fullmatch(rf"(w|b)(?:eight|ias)?([1-8])\(?{_NEXT}\)?|{_NEXT}(w|b)(?:eight|ias)?([1-8])", text):
        return (f"{match[1] or match[3]}{match[2] or match[4]}_next",)
    return _node(text)


def _node(text: str) -> tuple[str, ...]:
    # Functions of a neuron, such as σ(h1).
    text = text.replace("(", "").replace(")", "")
    for pattern, names in _NODES:
        if match := re.fullmatch(pattern, text):
            return tuple(name.format(match[1]) for name in names)
    for pattern, name in _SHIFTED:
        if match := re.fullmatch(pattern, text):
            return (f"{name}{int(match[1]) - 2}",)
    return ()


def _derivative(text: str) -> tuple[str, ...] | None:
    """The derivative that a header names, such as ``dE_dw1``; None if it names none."""
    bare = text.replace("(", "").replace(")", "")
    if "/" in bare:
        above, _, below = bare.partition("/")
        top, bottom = re.fullmatch(f"{_D}(.+)", above), re.fullmatch(f"{_D}(.+)", below)
        if top and bottom and "/" not in below:
            return _quotient(top[1], bottom[1])
        return None
    if match := re.fullmatch(f"{_D}(.+?)(?:d|∂|δ)(w[1-8]|b[1-4]|[a-zσ]*[ho][12])", bare):
        found = _quotient(match[1], match[2])
        if found:
            return found
    if match := re.fullmatch(r"(?:∂|δ|d|delta|grad|gradient|gradientof|g|∇|grd|∇e|gradiente)(w[1-8]|b[1-4])", bare):
        return (f"dE_d{match[1]}", f"step_{match[1]}")
    if match := re.fullmatch(r"(w[1-8]|b[1-4])(?:grad|gradient|d|delta)", bare):
        return (f"dE_d{match[1]}", f"step_{match[1]}")
    if match := re.fullmatch(rf"{_D}(?:a|out|net|z)?([ho][12])", bare):
        return (f"dE_d{match[1]}",) if not re.match(rf"{_D}(a|out)", bare) else (f"dE_d{match[1]}", f"dE_da_{match[1]}")
    return None


def _quotient(above: str, below: str) -> tuple[str, ...] | None:
    numerators = ("E",) if above in _TOTAL else _node(above)
    denominators = _node(below)
    if not numerators or not denominators:
        return None
    return tuple(f"d{top}_d{bottom}" for top in numerators for bottom in denominators)
