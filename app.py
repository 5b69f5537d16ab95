"""The dashboard: navigation, the sidebar that every page shares, and the chosen page.

uv run streamlit run app.py [-- --lake DIR]
"""

from __future__ import annotations

import sys
from pathlib import Path

import streamlit as st
from streamlit.runtime.pages_manager import PagesManager
from streamlit.runtime.scriptrunner import get_script_run_ctx

ROOT = Path(__file__).resolve().parent
if str(ROOT) not in sys.path:
    sys.path.insert(0, str(ROOT))

from medallion.errors import MedallionError, UsageError  # noqa: E402
from medallion.loading import pass_over_modules  # noqa: E402
from medallion.telling import telling  # noqa: E402
from pages.shared import (  # noqa: E402
    back,
    chromosomes,
    find,
    look,
    say,
    sidebar,
    start,
    state,
    tab,
    timers,
    toolbar,
    turns,
)

st.set_page_config(
    page_title="medallion",
    page_icon="🧬",
    layout="wide",
    menu_items={"About": "1000 Genomes data in three layers: bronze, silver, gold."},
)

# Three medals; shapes only, so that it reads on light and dark.
LOGO = """<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 92 32">
<g fill="none" stroke-width="4">
<circle cx="16" cy="16" r="12" stroke="#b06f35" fill="#b06f35" fill-opacity=".25"/>
<circle cx="46" cy="16" r="12" stroke="#8593a8" fill="#8593a8" fill-opacity=".25"/>
<circle cx="76" cy="16" r="12" stroke="#c4941a" fill="#c4941a" fill-opacity=".25"/>
<path d="M28 16h6M58 16h6" stroke="#8593a8" stroke-width="3"/>
</g></svg>"""

# Section → page (folder/name below pages/) → its title, icon and path in the URL. The
# front page has none.
SECTIONS: dict[str, dict[str, tuple[str, str, str | None]]] = {
    "Layers": {
        "layers/overview": ("Overview", ":material/layers:", None),
        "layers/bronze": ("Bronze", ":material/description:", "bronze"),
        "layers/silver": ("Silver", ":material/fact_check:", "silver"),
        "layers/gold": ("Gold", ":material/bar_chart:", "gold"),
    },
    "Explore": {
        "explore/search": ("Search", ":material/search:", "search"),
        "explore/variant": ("Variant", ":material/genetics:", "variant"),
        "explore/region": ("Region", ":material/view_timeline:", "region"),
        "explore/sample": ("Sample", ":material/person:", "sample"),
        "explore/populations": ("Populations", ":material/groups:", "populations"),
        "explore/structure": ("Structure", ":material/scatter_plot:", "structure"),
        "explore/ld": ("Linkage", ":material/grid_on:", "ld"),
        "explore/cohort": ("Cohort", ":material/group_add:", "cohort"),
        "explore/sql": ("SQL", ":material/terminal:", "sql"),
    },
    "Trust": {
        "trust/checks": ("Checks", ":material/verified:", "checks"),
        "trust/history": ("History", ":material/history:", "history"),
    },
    "Story": {
        "story/introduction": ("1 Introduction", ":material/menu_book:", "story"),
        "story/bronze": ("2 Bronze", ":material/menu_book:", "story-bronze"),
        "story/silver": ("3 Silver", ":material/menu_book:", "story-silver"),
        "story/gold": ("4 Gold", ":material/menu_book:", "story-gold"),
        "story/conclusion": ("5 Conclusion", ":material/menu_book:", "story-conclusion"),
    },
}


def navigate() -> st.Page:
    """Draw the menu and return the page that the URL asks for."""
    _leave_old_pages_mode(
        {path for pages in SECTIONS.values() for _, _, path in pages.values() if path}
    )
    return st.navigation(
        {
            section: [
                st.Page(
                    ROOT / "pages" / f"{file}.py",
                    title=title,
                    icon=icon,
                    url_path=path,
                    default=path is None,
                )
                for file, (title, icon, path) in pages.items()
            ]
            for section, pages in SECTIONS.items()
        },
        expanded=True,
    )


def _leave_old_pages_mode(paths: set[str]) -> None:
    """Load a link to a page once more if Streamlit answered it in its old way.

    Beside a folder named pages/, Streamlit takes an app for its older kind of multipage
    app until st.navigation is called for the first time in the server's life, and
    answers a link to one of these pages with "Page not found" and the front page.
    """
    if not PagesManager.uses_pages_directory:
        return
    PagesManager.uses_pages_directory = False
    visit = get_script_run_ctx()
    wanted = visit.pages_manager.intended_page_name if visit else None
    if wanted in paths:  # one of ours, so safe to write into a script
        st.html(
            "<script>{const here = location.pathname.replace(/\\/+$/, '');"
            f"location.replace((here.endsWith('/{wanted}') ? here : here + '/{wanted}')"
            " + location.search)}</script>",
            unsafe_allow_javascript=True,
        )
        st.stop()


def main() -> None:
    """Draw the sidebar and the page, or what stands in the way."""
    timers.give_way()
    back.keep_the_url()
    st.logo(LOGO)
    page = navigate()
    tab.name(page.title)
    look.readable()
    try:
        elsewhere = state.not_open()
        if elsewhere is None:
            find.box()
            sidebar.choose_lake()
    except UsageError as error:  # the address that the app was started with is none
        say.failure("This lake cannot be opened.", str(error))
        return
    if elsewhere is not None:
        sidebar.open_another()
        start.open_first(elsewhere)
        return
    try:
        lake = state.current()
    except UsageError:
        sidebar.open_another()
        start.make_lake(state.current_path())
        return
    except MedallionError as error:
        sidebar.open_another()
        say.failure("This lake cannot be opened.", str(error), "Choose another in the sidebar.")
        return
    try:
        find.follow(lake, page)
        sidebar.layers(lake)
        chromosomes.add(lake)
        sidebar.open_another()
        with st.sidebar:  # at its end, where an empty element is not seen
            back.one_step_a_choice()
            toolbar.two_cameras()
        with telling(lake.path), turns.in_turn():
            page.run()
        pass_over_modules()
    except MedallionError as error:
        say.failure("This page cannot be shown.", str(error))
    except Exception:
        say.text_note(
            "This page met an error that nobody foresaw.",
            [
                "The fault is the program's, not your data's, and what is built is whole.",
                "Reload the page. If it comes again, please report what stands below.",
            ],
        )
        raise


if __name__ == "__main__":  # not in a process that Python's multiprocessing starts from here
    main()
