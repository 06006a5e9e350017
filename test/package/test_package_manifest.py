# Copyright 2026 The ghtt_ros authors
# SPDX-License-Identifier: Apache-2.0
"""package.xml is what REP 149 asks for and names everything that CMakeLists.txt, nodes and launch files use."""

from __future__ import annotations

import ast
import re
from pathlib import Path
from xml.etree import ElementTree

import pytest
from catkin_pkg.package import parse_package

from ghtt_core import __version__

HEAD = ["name", "version", "description", "maintainer", "license", "url", "author"]
DEPENDENCIES = {"build_depend", "buildtool_depend", "exec_depend", "depend", "test_depend"}
TAIL = ["group_depend", "member_of_group", "export"]
PROVIDED_BY = {"tf2_ros": "tf2_ros_py", "cv2": "python3-opencv", "numpy": "python3-numpy", "yaml": "python3-yaml"}
ROS_PACKAGES = re.compile(r"(\w+_msgs|\w+_interfaces|rclpy|tf2_ros|launch|launch_ros|ament_index_python|cv_bridge)")


@pytest.fixture(scope="module")
def manifest(root: Path) -> ElementTree.Element:
    return ElementTree.parse(root / "package.xml").getroot()


def names(manifest: ElementTree.Element, *tags: str) -> set[str]:
    return {str(child.text) for child in manifest if child.tag in tags}


def test_the_tools_of_ros_accept_it_without_a_warning(root: Path) -> None:
    warnings: list[str] = []
    package = parse_package(str(root), warnings=warnings)
    package.validate(warnings=warnings)
    assert warnings == []
    assert package.package_format == 3
    assert package.get_build_type() == "ament_cmake"


def test_elements_come_in_the_order_of_the_schema(manifest: ElementTree.Element) -> None:
    order = {tag: place for place, tag in enumerate(HEAD)}
    order |= dict.fromkeys(DEPENDENCIES, len(HEAD)) | {tag: len(HEAD) + 1 + place for place, tag in enumerate(TAIL)}
    tags = [child.tag for child in manifest]
    assert set(tags) <= set(order)
    assert tags == sorted(tags, key=lambda tag: order[tag])
    assert all(tags.count(tag) == 1 for tag in ("name", "version", "description", "export"))
    assert manifest.attrib == {"format": "3"}


def test_values_have_the_form_of_the_schema(manifest: ElementTree.Element) -> None:
    def text(tag: str) -> str:
        return manifest.findtext(tag) or ""

    assert re.fullmatch(r"[a-z](_?[a-z0-9]+)*", text("name"))
    assert re.fullmatch(r"(0|[1-9][0-9]*)(\.(0|[1-9][0-9]*)){2}", text("version"))
    assert all(re.fullmatch(r"[\w%+-]+(\.[\w%+-]+)*@[\w%-]+(\.[\w%-]+)*\.[a-zA-Z]{2,}", person.attrib["email"])
               for person in manifest.iter("maintainer"))  # fmt: skip
    for child in manifest:
        if child.tag in DEPENDENCIES:
            assert not child.attrib
            assert re.fullmatch(r"[a-z][a-z0-9_.-]+", child.text or ""), child.tag


def test_the_version_is_that_of_the_library(manifest: ElementTree.Element) -> None:
    assert manifest.findtext("version") == __version__


def test_nothing_is_named_twice(manifest: ElementTree.Element) -> None:
    keys = [(child.tag, child.text) for child in manifest if child.tag in DEPENDENCIES]
    assert sorted(keys) == sorted(set(keys))


def test_it_declares_what_cmake_looks_for(manifest: ElementTree.Element, cmake_text: str) -> None:
    found = set(re.findall(r"find_package\((\w+)", cmake_text))
    declared = names(manifest, "depend", "build_depend", "buildtool_depend", "test_depend")
    assert found <= declared
    interfaces = re.search(r"DEPENDENCIES ([\w ]+)", cmake_text)
    assert interfaces
    assert set(interfaces[1].split()) <= names(manifest, "depend")


def test_messages_use_only_packages_that_are_declared(root: Path, cmake_text: str) -> None:
    used = set()
    for path in (root / "msg").glob("*.msg"):
        fields = re.sub(r"#.*", "", path.read_text())
        used.update(re.findall(r"^(\w+)/\w+", fields, re.MULTILINE))
    interfaces = re.search(r"DEPENDENCIES ([\w ]+)", cmake_text)
    assert interfaces
    assert used - {"ghtt_ros"} == set(interfaces[1].split())


def test_it_declares_every_ros_package_that_nodes_and_launch_files_import(
    root: Path, manifest: ElementTree.Element
) -> None:
    imported = set()
    sources = [*(root / "ghtt_ros").rglob("*.py"), *(root / "launch").glob("*.py"), *(root / "examples").rglob("*.py")]
    for path in sources:
        if "embedded" in path.parts:
            continue
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Import):
                imported.update(alias.name.split(".")[0] for alias in node.names)
            elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
                imported.add(node.module.split(".")[0])
    needed = {PROVIDED_BY.get(name, name) for name in imported if ROS_PACKAGES.fullmatch(name) or name in PROVIDED_BY}
    assert "rclpy" in needed
    assert needed <= names(manifest, "depend", "exec_depend")


def test_every_folder_of_tests_is_registered(root: Path, cmake_text: str) -> None:
    block = re.search(r"set\(test_folders(.*?)\)", cmake_text, re.DOTALL)
    assert block
    folders = {path.relative_to(root / "test").parts[0] for path in (root / "test").rglob("test_*.py")}
    assert set(block[1].split()) == {folder for folder in folders if not folder.endswith(".py")}


def test_what_has_no_rosdep_key_is_in_the_list_for_pip(root: Path) -> None:
    def requirement(line: str) -> str:
        return re.split(r"[<>=;\s\[]", line, maxsplit=1)[0].lower()

    listed = {
        requirement(line) for line in (root / "requirements" / "ros.txt").read_text().splitlines() if line[:1].isalpha()
    }
    by_rosdep = {"numpy", "pyyaml", "rich", "opencv-python-headless", "matplotlib", "transforms3d"}
    block = re.search(r"^dependencies = \[(.*?)^\]", (root / "pyproject.toml").read_text(), re.DOTALL | re.MULTILINE)
    assert block
    needed = {requirement(line.strip(' ",')) for line in block[1].splitlines() if line.strip()}
    assert needed - by_rosdep - {"cyclonedds"} == listed - {"numpy"}
