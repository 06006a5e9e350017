# Copyright 2026 The ghtt_ros authors
# SPDX-License-Identifier: Apache-2.0
"""CMake carries out CMakeLists.txt and installs what users need, as ament does it before and since ROS 2 Lyrical.

ROS 2 is not needed: stand-ins for its CMake packages install what those would.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

JAZZY, LYRICAL = "2.5.4", "2.9.0"
"""Versions of ament_cmake_python."""
STAND_INS = {
    "ament_cmake": """
        macro(ament_export_dependencies)
        endmacro()
        macro(ament_package)
          install(FILES package.xml DESTINATION share/${PROJECT_NAME})
        endmacro()
    """,
    "ament_cmake_python": """
        set(PYTHON_INSTALL_DIR lib/python3/site-packages)
        function(ament_python_install_package name)
          get_property(known GLOBAL PROPERTY known_packages)
          if(name IN_LIST known AND ament_cmake_python_VERSION VERSION_LESS 2.8.7)
            message(FATAL_ERROR "another target with the same name already exists")
          endif()
          set_property(GLOBAL APPEND PROPERTY known_packages ${name})
          install(DIRECTORY ${name}/ DESTINATION ${PYTHON_INSTALL_DIR}/${name} PATTERN "__pycache__" EXCLUDE)
        endfunction()
    """,
    "rosidl_default_generators": """
        function(rosidl_generate_interfaces name)
          cmake_parse_arguments(ARG "" "" "DEPENDENCIES" ${ARGN})
          install(FILES ${ARG_UNPARSED_ARGUMENTS} DESTINATION share/${name}/msg)
          set(generated ${CMAKE_CURRENT_BINARY_DIR}/generated)
          file(WRITE ${generated}/__init__.py "")
          file(WRITE ${generated}/msg/__init__.py "")
          install(DIRECTORY ${generated}/ DESTINATION lib/python3/site-packages/${name})
          set_property(GLOBAL APPEND PROPERTY known_packages ${name})
        endfunction()
    """,
    "builtin_interfaces": "",
    "geometry_msgs": "",
    "std_msgs": "",
}

pytestmark = pytest.mark.skipif(
    not (shutil.which("cmake") and shutil.which("cc") and shutil.which("c++")), reason="no CMake or no compiler"
)


@pytest.fixture(scope="module", params=[JAZZY, LYRICAL], ids=["jazzy", "lyrical"])
def prefix(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory, root: Path) -> Path:
    """Where `cmake --install` has put everything."""
    folder = tmp_path_factory.mktemp("cmake")
    for package, content in STAND_INS.items():
        place = folder / "ros" / "lib" / "cmake" / package
        place.mkdir(parents=True)
        (place / f"{package}Config.cmake").write_text(content)
        version = f'set(PACKAGE_VERSION "{request.param}")\nset(PACKAGE_VERSION_COMPATIBLE TRUE)\n'
        (place / f"{package}ConfigVersion.cmake").write_text(version)
    build, prefix = folder / "build", folder / "install"
    options = [f"-DCMAKE_PREFIX_PATH={folder / 'ros'}", f"-DCMAKE_INSTALL_PREFIX={prefix}", "-DBUILD_TESTING=OFF"]
    for command in (["cmake", "-S", str(root), "-B", str(build), *options], ["cmake", "--install", str(build)]):
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout + done.stderr
    return prefix


def test_the_share_folder_holds_what_the_wheel_holds(prefix: Path, cmake_shared_files: set[str]) -> None:
    share = prefix / "share" / "ghtt_ros"
    assert {str(path.relative_to(share)) for path in share.rglob("*") if path.is_file()} == cmake_shared_files


def test_our_modules_lie_beside_the_generated_messages(prefix: Path, root: Path) -> None:
    package = prefix / "lib" / "python3" / "site-packages" / "ghtt_ros"
    assert (package / "msg" / "__init__.py").is_file()
    ours = [path for path in (root / "ghtt_ros").rglob("*.py") if "__pycache__" not in path.parts]
    for path in ours:
        assert (package / path.relative_to(root / "ghtt_ros")).read_bytes() == path.read_bytes()
    assert (package.parent / "ghtt_core" / "py.typed").is_file()


def test_executables_can_be_run(prefix: Path, cmake_executables: dict[str, str]) -> None:
    folder = prefix / "lib" / "ghtt_ros"
    assert {path.name for path in folder.iterdir()} == set(cmake_executables)
    for name, module in cmake_executables.items():
        script = folder / name
        assert os.access(script, os.X_OK)
        assert re.search(rf"^from {re.escape(module)} import main$", script.read_text(), re.MULTILINE)
    help_text = subprocess.run([folder / "ghtt", "--help"], capture_output=True, text=True, check=False, env={
        **os.environ, "PYTHONPATH": str(prefix / "lib" / "python3" / "site-packages")
    })  # fmt: skip
    assert "usage: ghtt COMMAND" in help_text.stdout, help_text.stderr
