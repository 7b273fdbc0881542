"""Headers as people write them: ``∂E_t/∂w1``, ``dE_total / dw1`` and ``dw1`` are all the quantity ``dE_dw1``."""

import re
import unicodedata
from collections.abc import Iterable
from functools import cache

# How the numbered quantities are written, and what each may be; "?" stands for nothing that is known. What comes first
# is taken unless another column is that for sure.
_NODES: tuple[tuple[str, tuple[str, ...]], ...] = tuple(
    (pattern, tuple(names.split()))
    for pattern, names in (
        (r"(?:i|in|inp|input|xi|ini|inputi|inputx|inputneuron|eingabe|eingang|entrada|entree|ingresso)([12])", "i{}"),
        (r"x([12])", "i{} ?"),
        (r"(?:t|tar|target|targeto|to|tout|targetout|ttarget|desired|expected|actual|ytrue|ideal)([12])", "t{}"),
        (r"(?:ziel|soll|sollwert|objetivo|cible|hedef)([12])", "t{}"),
        (r"d([12])", "t{} ?"),
        (r"(?:w|weight|θ|theta|wt|weightw|gewicht|peso|poids|agirlik|ağ\u0131rl\u0131k|вес|重み|权重)([1-8])", "w{}"),
        (r"(?:b|bias|biasb|sesgo|biais)([1-4])", "b{}"),
        (r"(?:b|bias)h([12])", "b{}"),
        (r"(?:b|bias)o1", "b3"),
        (r"(?:b|bias)o2", "b4"),
        (r"(?:net|z|sum|in|s|u|v|input|nethidden|zhidden|neth|zh|inputto|weightedsum)h([12])", "h{}"),
        (r"(?:h|hidden|hiddenneuron|hid)([12])(?:in|net|input|sum|z)", "h{}"),
        (r"(?:net|z|sum|in|s|u|v|input|netout|zout|inputto|weightedsum)o([12])", "o{}"),
        (r"(?:o|out|output)([12])(?:in|net|input|sum|z)", "o{}"),
        (r"(?:a|o|out|act|activation|σ|sigmoid|sig|f|y|g|ac|output|outhidden|φ)(?:net|z|in|sum)?h([12])", "a_h{}"),
        (r"(?:h|hidden)([12])(?:out|act|a|output|activation|activated|sigmoid)", "a_h{}"),
        (r"(?:a|o|out|act|activation|σ|sigmoid|sig|f|y|g|ac|output|outout|φ)(?:net|z|in|sum)?[oy]([12])", "a_o{}"),
        (r"(?:o|out|output)([12])(?:out|act|a|output|activation|activated|sigmoid)", "a_o{}"),
        (r"(?:ŷ|yhat|ypred|pred|prediction)([12])|y([12])(?:pred|hat|out)", "a_o{}"),
        (r"(?:h|hidden|hiddenneuron|hid)([12])", "h{} a_h{}"),
        (r"(?:o|outneuron|outputneuron)([12])", "o{} a_o{}"),
        (r"(?:out|output)([12])", "a_o{} o{}"),
        (r"y([12])", "a_o{} t{} o{}"),
        (r"(?:z|net|s|u|sum)([12])", "h{}"),
        (r"(?:a|act|σ)([12])", "a_h{}"),
        (r"(?:z|net|s|u|sum)3", "o1 h1"),
        (r"(?:z|net|s|u|sum)4", "o2 h2"),
        (r"(?:z|net|s|u|sum)5", "o1"),
        (r"(?:z|net|s|u|sum)6", "o2"),
        (r"(?:a|act|σ|out|o)3", "a_o1 a_h1"),
        (r"(?:a|act|σ|out|o)4", "a_o2 a_h2"),
        (r"(?:a|act|σ|out|o)5", "a_o1"),
        (r"(?:a|act|σ|out|o)6", "a_o2"),
        (r"l([12])", "E{} i{}"),
        (r"(?:e|eo|eout|j|loss|losso|cost|se|squarederror|c)([12])", "E{}"),
        (r"(?:err|error|erroro|erro|fehler|erreur)([12])", "E{} ?"),
    )
)
# A neuron's layer and number, as in z1^(2); the second is the output's.
_LAYERED = re.compile(r"(z|net|sum|a|act|out)(?:([12])\(([12])\)|\(([12])\)([12]))")
# A weight's ends, as in w21; those of the output layer are often v.
_ENDS = re.compile(r"([wv])([12])([12])")


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


_TOTAL = _words(
    "e et etot etotal etota totale tote totalerror errortotal errortot error err loss cost totalloss losstotal "
    "totalcost j l c mse sse sumerror errorsum esum e1+e2 sume eges egesamt overallerror toterror toterr errtot ltot"
)
_RATE = _words(
    "η eta lr learningrate learningrateη lrη learnrate learning rate lernrate schrittweite taxa tasa taux µ μ λ lambda "
    "\u03b1 alpha ƞ ŋ stepsize ε"
)
_STEP = _words(
    "step steps epoch epochs iteration iter iterations i n # no nr t k it index round iterationno stepno epochno run"
)
_D = r"(?:d|∂|δ|delta|partial|grad|∇)"
_WHOLE_DERIVATIVES = (
    (rf"{_D}?e(?:tot|total)?['\u2032\u2019]?\(([wb][1-8])\)", ("dE_d{}",)),
    (r"(?:σ|sigmoid|f|sig|g|φ)['\u2032\u2019]\(?(?:net|z)?([ho][12])\)?", ("da_{0}_d{0}",)),
    (r"a?([ho][12])\*?\(1a?\1\)", ("da_{0}_d{0}",)),
)
# Without a fraction and parentheses.
_BARE_DERIVATIVES = (
    (r"(?:∂|δ|d|delta|grad|gradient|gradientof|g|∇|grd|∇e|gradiente)(w[1-8]|b[1-4])", ("dE_d{}", "step_{}")),
    (r"(w[1-8]|b[1-4])(?:grad|gradient|d|delta)", ("dE_d{}", "step_{}")),
    (rf"{_D}(?:a|out)([ho][12])", ("dE_d{}", "dE_da_{}")),
    (rf"{_D}(?:net|z)?([ho][12])", ("dE_d{}",)),
)
_NEXT = r"(?:new|next|updated|neu|\+|'|\u2032|\u2019|\*|\(t\+1\)|\(n\+1\)|\(k\+1\)|t\+1|n\+1|k\+1|upd|update)"


@cache
def read(text: str) -> tuple[str, ...]:
    """Return the quantities that a header may name, the likeliest first; empty if it names none.

    They are named as in the table of quantities; further ones are the learning rate ``lr``, the number of the step
    ``step``, a weight after its update ``w1_next``, and any derivative ``dX_dY`` of one quantity by another.
    """
    if (negative := re.match(r"\s*[-\u2212\u2013](?=\s*\S)", text)) is not None:
        return tuple(f"-{name}" for name in read(text[negative.end() :]) if name.startswith("dE_d"))
    for candidate in _candidates(text):
        names = _names(candidate)
        if names:
            return names
    return ()


def label(text: str) -> tuple[str, ...]:
    """Return the quantities that a text beside or above a cell may name: as `read`, with ``=`` or ``:`` at its end."""
    plain = text.strip().rstrip("=: ")
    # In place of an eta, some write an n.
    return ("lr",) if plain == "n" else read(plain)


def _candidates(text: str) -> list[str]:
    """Return a header, shortened in several ways: whole, its first line, before an ``=``, without parentheses."""
    if len(text) > 200:
        return []
    first_line = text.strip().split("\n")[0]
    before = re.split(r"[=:≔]|(?<=\S)\s+[-–—]\s+", first_line)[0]
    bare = re.sub(r"\([^()]*\)", "", before)
    words = re.findall(r"\(([^()]*)\)", before)
    without_unit = re.sub(r"(?<=\d)\s+\[[^\[\]]*\]\s*$", "", first_line)
    return list(dict.fromkeys(filter(None, map(_plain, (without_unit, text, first_line, before, bare, *words)))))


def _plain(text: str) -> str:
    """Return a text without what people vary: case, spaces, subscripts, underscores and hyphens."""
    # A capital sigma sums; the small one that it would become is the sigmoid.
    text = re.sub("[\u03a3\u2211]", "sum", text)
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
    if derivative := _derivative(text):
        return derivative
    if match := re.fullmatch(r"(?:σ|sigmoid|sig|f|g|φ|act|a|out)\((.+)\)", text):
        inner = _node(match[1])[:1]
        if inner and inner[0] in ("h1", "h2", "o1", "o2"):
            return (f"a_{inner[0]}",)
    if match := re.fullmatch(rf"(w|b)(?:eight|ias)?([1-8])\(?{_NEXT}\)?|{_NEXT}(w|b)(?:eight|ias)?([1-8])", text):
        return (f"{match[1] or match[3]}{match[2] or match[4]}_next",)
    return _node(text)


def _node(text: str) -> tuple[str, ...]:
    # Functions of a neuron, such as σ(h1).
    if match := _LAYERED.fullmatch(text):
        number, layer = (match[2], match[3]) if match[2] else (match[5], match[4])
        activation = match[1] in ("a", "act", "out")
        return (f"{'a_' * activation}{'ho'[int(layer) - 1]}{number}",)
    if match := _ENDS.fullmatch(text):
        return (f"w{4 * (match[1] == 'v') + 2 * int(match[2]) + int(match[3]) - 2}",)
    return _first(_NODES, text.replace("(", "").replace(")", ""))


def _first(patterns: Iterable[tuple[str, tuple[str, ...]]], text: str) -> tuple[str, ...]:
    """Return the names of the first pattern that a text has, with what it caught in the gaps; empty if it has none."""
    for pattern, names in patterns:
        if match := re.fullmatch(pattern, text):
            caught = next(filter(None, match.groups()), "")
            return tuple(name.format(caught) for name in names)
    return ()


def _derivative(text: str) -> tuple[str, ...]:
    """Return the derivative that a header names, such as ``dE_dw1``; empty if it names none."""
    if found := _first(_WHOLE_DERIVATIVES, text):
        return found
    bare = text.replace("(", "").replace(")", "")
    if match := re.fullmatch(f"{_D}(.+)/{_D}(.+)", bare):
        return _quotient(match[1], match[2]) if bare.count("/") == 1 else ()
    match = re.fullmatch(f"{_D}(.+?)(?:d|∂|δ)(w[1-8]|b[1-4]|[a-zσ]*[ho][12])", bare)
    return (_quotient(match[1], match[2]) if match else ()) or _first(_BARE_DERIVATIVES, bare)


def _quotient(above: str, below: str) -> tuple[str, ...]:
    numerators = ("E",) if above in _TOTAL else _node(above)
    denominators = _node(below)
    numerators, denominators = (tuple(name for name in names if name != "?") for names in (numerators, denominators))
    return tuple(f"d{top}_d{bottom}" for top in numerators for bottom in denominators)
