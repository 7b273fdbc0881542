"""The derivation of a network's gradients as a reader wants it: numbered blocks of equations."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import count

from s6xl.backprop.expression import expand, to_text
from s6xl.backprop.network import Network, gradient, symbol


@dataclass(frozen=True)
class DerivationBlock:
    """One numbered block of the derivation, one item a line."""

    number: int
    title: str
    lines: tuple[str, ...]


def written_derivation(network: Network) -> tuple[DerivationBlock, ...]:
    """Write out the chain rule for every weight of a network, from the outputs back to the inputs.

    Args:
        network: any network of layers. Of one with wrong expressions the right derivation is written.

    Returns:
        The forward pass; the first gradient of the output layer step by step; the gradients of the output layer; then
        for each hidden layer the way back to its activations, the chain rule, and the gradients.
    """
    numbers = count(1)
    return tuple(DerivationBlock(next(numbers), *block) for block in _blocks(network.right or network))


def _blocks(network: Network) -> Iterator[tuple[str, tuple[str, ...]]]:
    yield "The forward pass", tuple(_forward_pass(network))
    *hidden, outputs = network.layers
    weights = _weights_into(network, outputs)
    yield f"{symbol(gradient(weights[0]))}, step by step", tuple(_step_by_step(network, weights[0]))
    yield _gradients(network, weights)
    for index, layer in reversed(list(enumerate(hidden, start=1))):
        which = "the hidden layer" if len(hidden) == 1 else f"hidden layer {index}"
        weights = _weights_into(network, layer)
        back = [
            partial.name
            for partial in network.partials
            if any(partial.name.endswith(f"_d{activation}") for _, activation in layer)
        ]
        yield f"Back to {which}", _defined(network, back)
        yield f"The chain rule for {_range(weights)}", tuple(_chain(network, gradient(weight)) for weight in weights)
        yield _gradients(network, weights)
    if biases := network.parameters[len(network.weights) :]:
        yield _gradients(network, biases)


def _forward_pass(network: Network) -> Iterator[str]:
    """Layer by layer; the first activation is written out."""
    for index, layer in enumerate(network.layers):
        yield from _defined(network, (neuron for neuron, _ in layer))
        for position, (_, activation) in enumerate(layer):
            written_out = [_text(network, activation, expanded=True)] if index == position == 0 else []
            yield _equation(activation, _text(network, activation), *written_out)
    yield from _defined(network, (network.loss, *network.errors))


def _step_by_step(network: Network, weight: str) -> Iterator[str]:
    """One gradient of the output layer, factor by factor."""
    whole = symbol(gradient(weight))
    by_output, slope, by_weight = network.chains[gradient(weight)]
    _, target = network.connections[weight]
    index = [neuron for neuron, _ in network.layers[-1]].index(target)
    activation, error = network.layers[-1][index][1], network.errors[index]
    total = _text(network, network.loss)
    if total != error:
        yield _equation(whole, _differential(total, weight))
    sides = [whole]
    # Where the total is the plain sum of the errors, only one of them changes with the weight.
    if by_output == f"d{error}_d{activation}":
        total = _text(network, error)
        sides.append(f"∂{error}/∂{weight}")
        yield _equation(*sides)
    yield _equation(*sides, _product(network, gradient(weight)))
    yield _equation(symbol(by_output), _differential(total, activation), f"({_text(network, by_output)})")
    yield _equation(symbol(slope), _differential(_text(network, activation), target), _text(network, slope))
    yield _equation(symbol(by_weight), _text(network, by_weight))


def _gradients(network: Network, parameters: Sequence[str]) -> tuple[str, tuple[str, ...]]:
    gradients = "gradient" if len(parameters) == 1 else "gradients"
    return f"The {gradients} of {_range(parameters)}", _defined(network, map(gradient, parameters))


def _weights_into(network: Network, layer: Iterable[tuple[str, str]]) -> list[str]:
    neurons = {neuron for neuron, _ in layer}
    return [weight for weight, (_, target) in network.connections.items() if target in neurons]


def _defined(network: Network, names: Iterable[str]) -> tuple[str, ...]:
    return tuple(_equation(symbol(name), _text(network, name)) for name in names)


def _chain(network: Network, name: str) -> str:
    return _equation(symbol(name), _product(network, name))


def _product(network: Network, name: str) -> str:
    return " * ".join(map(symbol, network.chains[name]))


def _text(network: Network, name: str, *, expanded: bool = False) -> str:
    expression = network[name].expression
    return to_text(expand(expression) if expanded else expression, symbol)


def _equation(*sides: str) -> str:
    return " = ".join(sides)


def _differential(source: str, by: str) -> str:
    return f"∂({source})/∂{by}"


def _range(names: Iterable[str]) -> str:
    """``w5 to w8``; a single name as it is."""
    first, *further = names
    return f"{first} to {further[-1]}" if further else first
