"""What is public, by the syntax tree: names against `__all__`, docstrings against signatures."""

from __future__ import annotations

import ast
import inspect
import re
from functools import cached_property
from pathlib import Path
from types import FunctionType
from typing import TYPE_CHECKING, Any

import pytest
import torch

import tastegraph
from tastegraph import errors

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(tastegraph.__file__).parent
PROJECT = Path(__file__).parents[1]
FILES = sorted(ROOT.rglob("*.py"))
Function = ast.FunctionDef | ast.AsyncFunctionDef
Named = Function | ast.ClassDef
SECTION = re.compile(r"(Args|Attributes|Returns|Raises):")
ERRORS = {
    node.name for node in ast.parse((ROOT / "errors.py").read_text("utf-8")).body if isinstance(node, ast.ClassDef)
}

# The interface of the package. Whoever changes a line here changes what others call: CHANGELOG.md says so.
SURFACE = {
    "BipartiteGraph": (
        "(items_of, users_of, exponents, age): from_pairs, from_edge_index, num_users, num_items, num_nodes, "
        "num_edges, lists, normalised, symmetric_scale, similarity, edge_index"
    ),
    "CleaningConfig": "(*since, *before, *min_user_ratings, *k_core)",
    "Dataset": (
        "(name, path, interactions, published_test, user_table, item_table, duplicates, understood, digests, "
        "given_part): digest, split, divided, gives_test"
    ),
    "LightGCN": (
        "(num_users, num_items, *embedding_dim, *num_layers, *alpha, *exponents, *init_std, *generator, "
        "*start, *ranks): alpha, forward, embeddings, embeddings_at, hops, score"
    ),
    "LightGCNConv": "(): forward, message",
    "Popularity": "(hyperparameters): fit, rank, bytes_needed",
    "ReadOptions": "(*columns, *duplicates, *item_features, *user_features)",
    "Recipe": (
        "(*data, *cleaning, *split, *model, *training, *evaluation, *baselines, *models): of_mf, at_seed, "
        "with_keys, to_toml, flat, threshold"
    ),
    "Recommender": (
        "(model, index): load, recommend, person, list_for, because, similar, similar_users, audience, write_all"
    ),
    "SplitConfig": (
        "(*method, *ratios, *held_out, *seed, *validation_since, *test_since, *folds, *fold, *shipped, *file): warning"
    ),
    "TasteGraphError": "an error",
    "full_ranking": "(ranker, relevant, known, k)",
    "load": "(name_or_path, say, options)",
    "train": (
        "(graph, shape, config, *device, *batches, *stop_after, *validate, *select, *keeper, *on_step, *on_epoch, "
        "*ranks)"
    ),
}


def told_of(value: Any) -> str:
    """What a caller may write: the names of the parameters, and a class's own methods and properties."""
    if isinstance(value, type) and issubclass(value, Exception):
        return "an error"
    parameters = inspect.signature(value).parameters.values()
    names = [f"{'*' * (one.kind == one.KEYWORD_ONLY)}{one.name}" for one in parameters]
    kinds = (FunctionType, classmethod, property, cached_property)
    own = vars(value).items() if isinstance(value, type) else ()
    methods = [
        name
        for name, member in own
        if isinstance(member, kinds) and not name.startswith("_") and not _is_pygs(member, value)
    ]
    return f"({', '.join(names)})" + (f": {', '.join(methods)}" if methods else "")


def _is_pygs(member: object, owner: type) -> bool:
    """Whether PyG has made it from a template and put it into the class, as it does once a layer has been used."""
    return isinstance(member, FunctionType) and member.__module__ != owner.__module__


def test_the_interface_is_the_stored_one() -> None:
    tastegraph.LightGCNConv()(torch.ones(2, 1), torch.tensor([[0, 1], [1, 0]]))
    assert {name: told_of(getattr(tastegraph, name)) for name in tastegraph.__all__} == SURFACE


def listed(tree: ast.Module) -> list[str] | None:
    """`__all__` of a module."""
    for node in tree.body:
        targets = (
            node.targets if isinstance(node, ast.Assign) else [node.target] if isinstance(node, ast.AnnAssign) else []
        )
        if any(isinstance(target, ast.Name) and target.id == "__all__" for target in targets):
            assert isinstance(node, ast.Assign | ast.AnnAssign)
            assert node.value is not None
            return list(ast.literal_eval(node.value))
    return None


def is_a_command(node: ast.stmt) -> bool:
    """Whether a framework registers it by a decorator, such as `@app.command()`."""
    decorators = getattr(node, "decorator_list", [])
    return any(isinstance(one, ast.Call) and isinstance(one.func, ast.Attribute) for one in decorators)


def test_every_name_without_an_underscore_is_listed() -> None:
    for path in FILES:
        tree = ast.parse(path.read_text("utf-8"))
        made = [node for node in tree.body if isinstance(node, Named) and not is_a_command(node)]
        names = listed(tree) or []
        assert len(set(names)) == len(names), path
        assert {node.name for node in made if not node.name.startswith("_")} <= set(names), path


DOCS = "\n".join(
    path.read_text("utf-8")
    for path in (PROJECT / "README.md", *(PROJECT / "docs").glob("*.md"))
    if path.name != "commands.md"
)


def test_what_no_other_file_uses_is_told_to_those_who_might() -> None:
    """What only tests know is not there for anybody: it is in the docs, by its name or its module's, or it goes."""
    texts = {path: path.read_text("utf-8") for path in FILES}
    for path, text in texts.items():
        tree = ast.parse(text)
        registered = {node.name for node in tree.body if isinstance(node, Named) and node.decorator_list}
        place = "tastegraph." + ".".join(path.relative_to(ROOT).with_suffix("").parts)
        for name in set(listed(tree) or ()) - registered:
            word = re.compile(rf"\b{name}\b")
            inside = len(word.findall(text)) > 2  # where it is made, and in __all__
            elsewhere = inside or any(word.search(other) for of, other in texts.items() if of != path)
            assert elsewhere or word.search(DOCS) or f"`{place}`" in DOCS, f"{path}: {name}"


def documented() -> Iterator[tuple[str, Function]]:
    """Every public function and every public method of a public class; commands' docstrings are their help."""
    for path in FILES:
        if path.parent.name == "cli":
            continue
        tree = ast.parse(path.read_text("utf-8"))
        public = set(listed(tree) or ())
        place = str(path.relative_to(ROOT).with_suffix("")).replace("/", ".")
        for node in tree.body:
            if isinstance(node, Function) and node.name in public:
                yield f"{place}.{node.name}", node
            if isinstance(node, ast.ClassDef) and node.name in public:
                for method in node.body:
                    if isinstance(method, Function) and not method.name.startswith("_"):
                        yield f"{place}.{node.name}.{method.name}", method


DOCUMENTED = dict(documented())


def sections(docstring: str) -> dict[str, list[str]]:
    """The lines of each section, without their indentation."""
    found: dict[str, list[str]] = {}
    now: list[str] = []
    for line in docstring.splitlines():
        if SECTION.fullmatch(line):
            now = found.setdefault(line[:-1], [])
        elif line.startswith("    ") or not line:
            now.append(line[4:])
        else:
            now = []
    return found


def arguments_of(function: Function) -> list[str]:
    """Names of all arguments, in order."""
    every = function.args.posonlyargs + function.args.args + function.args.kwonlyargs
    names = [argument.arg for argument in every if argument.arg not in ("self", "cls")]
    return names + [rest.arg for rest in (function.args.vararg, function.args.kwarg) if rest is not None]


def test_the_arguments_told_are_those_that_there_are() -> None:
    for name, function in DOCUMENTED.items():
        docstring = ast.get_docstring(function)
        assert docstring, name
        told = sections(docstring).get("Args")
        if told is not None:
            names = [line.partition(":")[0].lstrip("*") for line in told if line[:1].strip()]
            assert names == arguments_of(function), name


ARRAY = re.compile(r"\b(NDArray|ArrayLike|Tensor|Floats|Values|Counts|Hits|Embeddings|Sparse)\b")
SHAPE = re.compile(r"\[[^\]\n]*\w[^\]\n]*\]|\bscalar\b|\bshapes?\b|\b[Aa]s `|\b[Ss]ee ")


def holds_an_array(annotation: ast.expr | None) -> bool:
    """Whether it is, or has in it, an array or a tensor; what a callable takes is the callable's own."""
    kind = ast.unparse(annotation) if annotation else ""
    return bool(ARRAY.search(kind)) and "Callable" not in kind


def without_a_shape(function: Function) -> list[str]:
    """The arrays that come in, and what goes out, of which the docstring says no shape, nor where it stands."""
    docstring = ast.get_docstring(function) or ""
    every = function.args.posonlyargs + function.args.args + function.args.kwonlyargs
    arrays = [argument.arg for argument in every if holds_an_array(argument.annotation)]
    told = sections(docstring).get("Args")
    if told is None or not arrays:
        missing = arrays if not SHAPE.search(docstring) else []
    else:
        heads = [line for line in told if line[:1].strip()]
        texts = re.split("|".join(f"^{re.escape(head)}$" for head in heads), "\n".join(told), flags=re.MULTILINE)[1:]
        of = {head.partition(":")[0]: head + text for head, text in zip(heads, texts, strict=True)}
        missing = [name for name in arrays if not SHAPE.search(of[name])]
    return missing + ["what it returns"] * (holds_an_array(function.returns) and not SHAPE.search(docstring))


def test_the_shapes_of_arrays_are_told() -> None:
    assert {name: missing for name, function in DOCUMENTED.items() if (missing := without_a_shape(function))} == {}


@pytest.mark.parametrize(
    ("code", "missing"),
    [
        ("def f(x: Tensor) -> Tensor:\n    'Twice x.'", ["x", "what it returns"]),
        ("def f(x: Tensor) -> Tensor:\n    'Twice x, float [n].'", []),
        ("def f(x: Tensor, k: int):\n    'So.\\n\\nArgs:\\n    x: some,\\n        float [n].\\n    k: [n].'", []),
        ("def f(x: Tensor, k: int):\n    'So.\\n\\nArgs:\\n    x: some.\\n    k: [n].'", ["x"]),
        ("def f(k: int) -> NDArray[np.int64]:\n    'Some.'", ["what it returns"]),
        ("def f(g: Callable[[Tensor], Tensor]) -> float:\n    'What g is.'", []),
    ],
)
def test_each_of_these_would_be_found(code: str, missing: list[str]) -> None:
    (function,) = ast.parse(code).body
    assert isinstance(function, ast.FunctionDef)
    assert without_a_shape(function) == missing


def test_the_tree_of_errors_is_the_one_shown() -> None:
    def tree(kind: type[Exception], depth: int) -> Iterator[str]:
        yield f"{4 * depth * ' '}{kind.__name__}"
        for below in kind.__subclasses__():
            if below.__module__ == errors.__name__:
                yield from tree(below, depth + 1)

    assert "\n".join(tree(errors.TasteGraphError, 0)) in (errors.__doc__ or "")


def raised_by(function: Function) -> set[str]:
    """Our errors raised in the function itself, but for those within a `try`, which may be meant for its `except`."""
    tries = [node for node in ast.walk(function) if isinstance(node, ast.Try)]
    caught = {id(inner) for node in tries for part in node.body for inner in ast.walk(part)}
    raised = [node.exc for node in ast.walk(function) if isinstance(node, ast.Raise) and id(node) not in caught]
    made = [error.func.id for error in raised if isinstance(error, ast.Call) and isinstance(error.func, ast.Name)]
    return set(made) & ERRORS


def test_the_errors_raised_are_told() -> None:
    for name, function in DOCUMENTED.items():
        told = set(re.findall(r"\b\w+Error\b", ast.get_docstring(function) or ""))
        assert "TasteGraphError" in told or raised_by(function) <= told, name
