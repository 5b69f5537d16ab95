"""The structure of the house: imports run downward, the public API is what is locked here."""

from __future__ import annotations

import ast
from functools import cache
from pathlib import Path

import pytest

import medallion

ROOT = Path(__file__).resolve().parents[1]
PACKAGE = ROOT / "medallion"
MODULES = sorted(PACKAGE.rglob("*.py"))

# From the ground up. A module may import those on a lower step, or of its own package.
STEPS = (
    {"errors"},
    {"files"},
    {"catalog", "child", "loading", "lookup", "progress"},
    {"vcf", "storage", "demo", "popgen"},
    {"bronze"},
    {"silver"},
    {"gold"},
    {"status", "export", "failing"},
    {"find", "tables", "making", "cohorts", "telling", "together"},
    {"query", "trace", "forward", "versions", "checks"},
    {"ondemand"},
    {"figures"},  # sees less than its step allows: the test below says what
    {"lake"},
    {"story"},
    {"terminal"},
    {"cli"},
    {"__main__"},
)
STEP = {name: i for i, names in enumerate(STEPS) for name in names}

PUBLIC = ["Check", "Lake", "LayerStatus", "MedallionError", "Progress", "Step", "__version__"]


def name_of(module: Path) -> str:
    return module.relative_to(PACKAGE).as_posix()


@cache
def parsed(module: Path) -> ast.Module:
    return ast.parse(module.read_text(encoding="utf-8"))


def place(module: Path) -> str:
    """The package below `medallion`, or the module's own name, that a file belongs to."""
    relative = module.relative_to(PACKAGE)
    return relative.parts[0].removesuffix(".py")


@cache
def imported(module: Path) -> set[str]:
    """Dotted names of all that a module imports, wherever in it the import stands."""
    found: set[str] = set()
    for node in ast.walk(parsed(module)):
        if isinstance(node, ast.Import):
            found.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{module}: a relative import hides where it points"
            found.add(node.module or "")
            if node.module == "medallion":
                found.update(f"medallion.{alias.name}" for alias in node.names)
    return found


def inner(module: Path) -> set[str]:
    """The places of the package that a module imports from."""
    names = {n.split(".")[1] for n in imported(module) if n.startswith("medallion.")}
    return {n for n in names if n in STEP or n == "figures"}


def test_imports_run_downward() -> None:
    wrong: list[str] = []
    for module in MODULES:
        here, name = place(module), name_of(module)
        if here == "__init__":
            above = inner(module) - {"errors", "lake", "progress", "status", "checks"}
        elif here == "figures":
            # Figures see the catalog and frames, not layers.
            above = inner(module) - {"catalog", "errors", "figures"}
        else:
            if here not in STEP:
                wrong.append(f"{here} has no step yet: say in STEPS where it stands")
            step = STEP.get(here, 99)
            above = {n for n in inner(module) - {here} if STEP.get(n, 99) >= step}
        wrong += [f"{name} imports {other}, which stands no lower" for other in sorted(above)]
    assert MODULES
    assert not wrong, "\n".join(wrong)


def test_the_library_never_imports_the_dashboard() -> None:
    tops = {name_of(m): {name.split(".")[0] for name in imported(m)} for m in MODULES}
    dashboard = {"streamlit", "pages", "app"}
    assert not {name: found & dashboard for name, found in tops.items() if found & dashboard}


def test_no_layer_imports_plotly_and_no_figure_reads_a_lake() -> None:
    for module in MODULES:
        if place(module) != "figures":
            assert "plotly" not in {n.split(".")[0] for n in imported(module)}, module


def test_development_tools_are_no_part_of_the_library_at_work() -> None:
    """msprime makes the demo; only the program that made it may want it."""
    for module in MODULES:
        if place(module) != "demo":
            assert not {"msprime", "tskit", "pytest"} & {
                n.split(".")[0] for n in imported(module)
            }, module


def test_the_public_api_is_locked() -> None:
    assert medallion.__all__ == PUBLIC
    assert medallion.__all__ == sorted(medallion.__all__, key=lambda n: (n.startswith("_"), n))
    for name in PUBLIC:
        assert getattr(medallion, name)


def test_the_methods_of_a_lake_are_locked() -> None:
    public = {n for n in vars(medallion.Lake) if not n.startswith("_")}
    promised = {
        "build", "export", "header", "plan", "query", "raw", "raw_samples", "scan", "status",
        "tables", "variant", "verify", "version",
    }  # fmt: skip
    assert promised <= public
    for name in public:
        assert getattr(medallion.Lake, name).__doc__, name


def amiss(module: Path) -> list[str]:
    """What a module lacks to be read in one sitting."""
    text, tree = module.read_text(encoding="utf-8"), parsed(module)
    found = []
    documented = ast.get_docstring(tree) or ""
    if not documented:
        found.append("no docstring")
    elif documented[0].isalpha() and not documented[0].isupper():
        found.append("a docstring that begins small")
    if text.count("\n") >= 450:
        found.append("450 lines or more")
    if module.name not in ("__main__.py", "__init__.py"):
        exported = [
            node for node in tree.body
            if isinstance(node, ast.Assign)
            and any(isinstance(t, ast.Name) and t.id == "__all__" for t in node.targets)
        ]  # fmt: skip
        if not exported:
            found.append("no __all__")
    return found


def test_a_module_says_what_it_is_for_and_can_be_read_in_one_sitting() -> None:
    assert not {name_of(m): amiss(m) for m in MODULES if amiss(m)}


def astray(module: Path) -> list[str]:
    """Names in a module's `__all__` that it does not define, or names twice."""
    tree = parsed(module)
    defined = {n.name for n in tree.body if isinstance(n, ast.ClassDef | ast.FunctionDef)}
    # What is imported for types alone is had in another way: the test below asks for it.
    for_types = [n for node in tree.body if isinstance(node, ast.If) for n in node.body]
    for node in [*tree.body, *for_types]:
        targets = node.targets if isinstance(node, ast.Assign) else [getattr(node, "target", None)]
        for target in targets:
            defined |= (
                {t.id for t in ast.walk(target) if isinstance(t, ast.Name)} if target else set()
            )
        if isinstance(node, ast.ImportFrom | ast.Import):
            defined |= {a.asname or a.name for a in node.names}
    found: list[str] = []
    for node in tree.body:
        if isinstance(node, ast.Assign) and getattr(node.targets[0], "id", "") == "__all__":
            names = ast.literal_eval(node.value)
            found += [n for i, n in enumerate(names) if n not in defined or n in names[:i]]
    return found


def test_all_names_what_is_there() -> None:
    assert not {name_of(m): astray(m) for m in MODULES if astray(m)}


def test_the_folder_of_pages_holds_no_page_directly() -> None:
    """Streamlit would serve such files past app.py's navigation."""
    pages = ROOT / "pages"
    if not pages.exists():
        pytest.skip("the dashboard is not in this copy")
    assert list(pages.glob("*.py")) == []


def test_files_are_opened_with_their_encoding_and_paths_are_pathlib() -> None:
    """`open`, `read_text` and `write_text` name an encoding; `os.path` is not used."""
    for module in MODULES:
        assert "os.path" not in imported(module), module
        for node in ast.walk(parsed(module)):
            if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Attribute):
                continue
            keywords = {k.arg for k in node.keywords}
            modes = [a.value for a in node.args if isinstance(a, ast.Constant)]
            if node.func.attr in ("read_text", "write_text") or (
                node.func.attr == "open" and not any("b" in str(m) for m in modes)
            ):
                assert "encoding" in keywords, f"{module}:{node.lineno}"


def test_controls_that_take_several_show_all_that_is_chosen() -> None:
    """In a row or a column Streamlit would hide what does not fit on one line."""
    pages = ROOT / "pages"
    if not pages.exists():
        pytest.skip("the dashboard is not in this copy")
    calls = [
        (path.name, node)
        for path in sorted(pages.rglob("*.py"))
        for node in ast.walk(parsed(path))
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and node.func.attr == "multiselect"
    ]
    assert len(calls) > 10
    for name, call in calls:
        given = {word.arg: ast.unparse(word.value) for word in call.keywords}
        assert given.get("wrap") == "True", (name, call.lineno)
