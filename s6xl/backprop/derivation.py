"""The derivation as a reader wants it: the chain rule written out in numbered blocks."""

from collections.abc import Iterable
from dataclasses import dataclass

from s6xl.backprop.expression import expand, to_text
from s6xl.backprop.network import long_symbol, symbol
from s6xl.backprop.worked_example import NETWORK


@dataclass(frozen=True)
class DerivationBlock:
    """One numbered block of the written derivation, a line a list item."""

    number: int
    title: str
    lines: tuple[str, ...]


def written_derivation() -> tuple[DerivationBlock, ...]:
    """The right derivation in six blocks: the forward pass, ∂E/∂w5 step by step, and then every weight's gradient."""
    network = NETWORK

    def text(name: str) -> str:
        return to_text(network[name].expression, long_symbol)

    def equation(*sides: str) -> str:
        return " = ".join(sides)

    def defined(quantities: Iterable[str]) -> tuple[str, ...]:
        return tuple(equation(long_symbol(name), text(name)) for name in quantities)

    def chain(name: str) -> str:
        return " * ".join(map(long_symbol, network.chains[name]))

    def differential(source: str, by: str) -> str:
        return f"∂({source})/∂{by}"

    inner, outer = network.gradients[:4], network.gradients[4:]
    first = outer[0]
    by_output, slope, by_weight = network.chains[first]
    sigmoid_of_h1 = to_text(expand(network["a_h1"].expression), long_symbol)
    return (
        DerivationBlock(
            1,
            "The forward pass",
            (
                *defined(("h1", "h2")),
                equation("a_h1", text("a_h1"), sigmoid_of_h1),
                *defined(("a_h2", "o1", "o2", "a_o1", "a_o2", "E_tot", "E1", "E2")),
            ),
        ),
        DerivationBlock(
            2,
            "∂E_total/∂w5, step by step",
            (
                equation(long_symbol(first), differential(text("E_tot"), "w5")),
                equation(long_symbol(first), "∂E1/∂w5"),
                equation(long_symbol(first), "∂E1/∂w5", chain(first)),
                equation(symbol(by_output), differential(text("E1"), "a_o1"), f"({text(by_output)})"),
                equation(symbol(slope), differential(text("a_o1"), "o1"), text(slope)),
                equation(symbol(by_weight), text(by_weight)),
            ),
        ),
        DerivationBlock(3, "The gradients of w5 to w8", defined(outer)),
        DerivationBlock(4, "Back to the hidden layer", defined(("dE1_da_h1", "dE2_da_h1", "dE_da_h1", "dE_da_h2"))),
        DerivationBlock(
            5, "The chain rule for w1 to w4", tuple(equation(long_symbol(name), chain(name)) for name in inner)
        ),
        DerivationBlock(6, "The gradients of w1 to w4", defined(inner)),
    )
