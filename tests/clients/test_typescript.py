"""The TypeScript client against the real service: in Node, in a browser, and as it is published."""

import base64
import re
import shutil
import tarfile
from pathlib import Path

import pytest

from tests.browser import chromium
from tests.clients.pages import Pages
from tests.clients.typescript import CLIENT, build, run
from tests.end_to_end.astronaut import PHOTO, assert_coarsely_cut_out
from tests.end_to_end.service import Service

TESTS = sorted(path.name.replace(".ts", ".js") for path in CLIENT.glob("test/*.test.ts"))
MODULES = [path.stem for path in CLIENT.glob("src/*.ts")]
PUBLISHED = {"LICENSE", "README.md", "package.json"} | {
    f"dist/{name}{suffix}" for name in MODULES for suffix in (".js", ".d.ts")
}
MAX_BYTES = 40_000
"""Of the published file; most of it are the comments of the generated types."""


@pytest.fixture(scope="module", autouse=True)
def built() -> None:
    build()


@pytest.fixture(scope="module")
def package(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The file that is published."""
    folder = tmp_path_factory.mktemp("package")
    run("npm", "pack", "--silent", "--ignore-scripts", "--pack-destination", folder)
    (path,) = folder.glob("clearbg-*.tgz")
    return path


@pytest.fixture
def project(package: Path, tmp_path: Path) -> Path:
    """The folder of a user who has installed the package, and nothing else."""
    (tmp_path / "package.json").write_text('{"private": true}')
    run("npm", "install", "--silent", "--offline", str(package), folder=tmp_path)
    shutil.copy(PHOTO, tmp_path / "input.jpg")
    return tmp_path


@pytest.mark.parametrize("name", TESTS)
def test_in_node(name: str, keys: dict[str, str]) -> None:
    run("node", "--test", f"build/{name}", environment=keys)


def test_what_is_published(package: Path) -> None:
    with tarfile.open(package) as file:
        assert {name.removeprefix("package/") for name in file.getnames()} == PUBLISHED
    assert package.stat().st_size < MAX_BYTES


def test_the_snippets_of_its_page_need_no_other_package(
    project: Path, keys: dict[str, str]
) -> None:
    snippets = re.findall(r"```ts\n(.*?)```", (CLIENT / "README.md").read_text(), re.S)
    images, jobs = (text for text in snippets if "writeFile" in text)
    for text in (images, jobs):
        text = text.replace("http://127.0.0.1:8080", keys["CLEARBG_URL"])
        (project / "snippet.mjs").write_text(text.replace("YOUR_API_KEY", keys["CLEARBG_API_KEY"]))
        run("node", "snippet.mjs", folder=project)
    assert [path.name for path in project.glob("node_modules/[!.]*")] == ["clearbg"]
    assert_coarsely_cut_out((project / "output.png").read_bytes())
    assert (project / "results.zip").read_bytes().startswith(b"PK")


IN_A_PAGE = """async ([url, key, base64, unknown]) => {
  const { Client } = await import("/dist/index.js");
  const photo = await (await fetch(`data:image/jpeg;base64,${base64}`)).blob();
  const client = new Client(url, key, { attempts: 1 });
  const cutout = await client.remove(photo, { size: "100x100" });
  const id = await client.bulk.create([photo], { size: "64x64" });
  const problem = await new Client(url, unknown).models().catch((error) => error);
  return {
    shown: await createImageBitmap(new Blob([cutout.image])).then((image) => image.width),
    confidence: cutout.confidence,
    job: (await client.bulk.wait(id)).status,
    size: (await client.bulk.result(id, 0)).length,
    slug: problem.slug,
    requestId: problem.requestId,
  };
}"""


def test_in_a_browser(pages: Pages, service: Service, keys: dict[str, str]) -> None:
    photo = base64.b64encode(PHOTO.read_bytes()).decode()
    with chromium.launched() as browser, browser.new_context() as context:
        page = context.new_page()
        page.goto(f"{pages.origin}/README.md")
        arguments = [service.url, keys["CLEARBG_API_KEY"], photo, "cbg_unknown"]
        seen = page.evaluate(IN_A_PAGE, arguments)
    assert (seen["shown"], seen["job"], seen["slug"]) == (100, "completed", "invalid-key")
    assert seen["confidence"] > 0.5
    assert seen["size"] > 0
    assert seen["requestId"], "pages of other origins may read it"
