"""XML is changed at single spots, as ElementTree sees it; every other byte stays."""

from collections.abc import Iterator
from xml.etree import ElementTree

import hypothesis
import pytest
from hypothesis import strategies

from s6xl.ooxml.scanning import XmlError
from s6xl.ooxml.splicing import ElementSpan, elements, spliced, tag_end, with_attribute

names = strategies.sampled_from(["a", "b", "n:a", "n:b"])
values = strategies.text(strategies.characters(exclude_categories=("Cc", "Cs"), exclude_characters="\ufffe\uffff"))


def quoted(value: str) -> str:
    for character, entity in (("&", "&amp;"), ("<", "&lt;"), ('"', "&quot;")):
        value = value.replace(character, entity)
    return f'"{value}"'


def element(name: str, attribute: str, children: list[str]) -> str:
    start = f"<{name} y='>' x = {quoted(attribute)}"
    return f"{start} />" if not children else f"{start}\n>>text{''.join(children)}é]]&gt;</{name} >"


documents = strategies.recursive(
    strategies.builds(element, names, values, strategies.just([])),
    lambda inner: strategies.builds(element, names, values, strategies.lists(inner, max_size=3)),
    max_leaves=8,
).map(lambda xml: f"<!-- < --><root xmlns:n='urn:n' xmlns=\"urn:d\">{xml}<?p <?></root>".encode())


def spans(span: ElementSpan) -> Iterator[ElementSpan]:
    """An element and all that are in it, in the order in which they start."""
    yield span
    for child in span.children:
        yield from spans(child)


def witness(xml: bytes, index: int) -> tuple[ElementTree.Element, ElementTree.Element]:
    """ElementTree's view of a document, and of the element with this number."""
    root = ElementTree.fromstring(xml)
    return root, list(root.iter())[index]


@hypothesis.given(documents)
def test_where_elements_are(xml: bytes) -> None:
    for index, span in enumerate(spans(elements(xml))):
        root, same = witness(xml, index)
        assert same.tag == f"{{{span.namespace}}}{span.local_name}"
        assert same.attrib == span.attributes
        if index:
            tail = same.tail
            same.clear()
            same.tag, same.tail = "{urn:d}gone", tail
            changed = spliced(xml, [(span.start, span.end, "<gone/>")])
            assert ElementTree.tostring(ElementTree.fromstring(changed)) == ElementTree.tostring(root)


@hypothesis.given(documents, values)
def test_more_in_an_element(xml: bytes, value: str) -> None:
    for index, span in enumerate(spans(elements(xml))):
        root, same = witness(xml, index)
        same.set("x", value)
        same.append(ElementTree.Element("{urn:d}new"))
        changed = spliced(xml, span.appended(xml, "<new/>", {"x": value}))
        assert ElementTree.tostring(ElementTree.fromstring(changed)) == ElementTree.tostring(root)


def test_insertions_come_before_what_is_replaced() -> None:
    assert spliced(b"0123456789", [(4, 6, "x"), (8, 8, "é"), (4, 4, "a"), (4, 4, "b")]) == "0123abx67é89".encode()


def test_the_end_of_a_tag() -> None:
    xml = b"""..<a b='>"' c=">'/>">.."""
    assert xml[2 : tag_end(xml, 2)] == xml[2:-2]


@pytest.mark.parametrize(
    ("tag", "after"),
    [
        ("<c/>", '<c s="7"/>'),
        ("<x:c r='A1'>", """<x:c r='A1' s="7">"""),
        ("<c s = '3' r='A1'>", """<c s = "7" r='A1'>"""),
        ("<c xs='1' x:s='2' t=' s=3 '/>", """<c xs='1' x:s='2' t=' s=3 ' s="7"/>"""),
    ],
)
def test_an_attribute_of_a_tag(tag: str, after: str) -> None:
    assert with_attribute(tag, "s", "7") == after


@pytest.mark.parametrize(
    ("xml", "sentence"),
    [
        ("<a/>".encode("utf-16"), "written in UTF-16"),
        (b'<?xml version="1.0" encoding="latin-1"?><a/>', "written in latin-1"),
        (b"<!DOCTYPE a [<!ENTITY b 'c'>]><a>&b;</a>", "has a DOCTYPE, which no spreadsheet writes"),
        (b"<a>" * 1_000, "is nested too deeply"),
        (b"<a>" + b"x" * (1 << 20) + b"</a>", "holds too long a text"),
        (b"<a><b></a>", r"has an error \(mismatched tag: line 1, column 8\)"),
        (b"<x:a/>", r"has an error \(unbound prefix: line 1, column 0\)"),
        (b"", "has an error"),
    ],
)
def test_what_is_refused(xml: bytes, sentence: str) -> None:
    with pytest.raises(XmlError, match=sentence):
        elements(xml)
