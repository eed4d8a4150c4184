"""The release binaries of the functions and their sizes; fails when one is larger than allowed."""

import json
import pathlib
import subprocess
import sys

limit = int(sys.argv[1])
metadata = json.loads(
    subprocess.check_output(["cargo", "metadata", "--no-deps", "--locked", "--format-version", "1"])
)
release = pathlib.Path(metadata["target_directory"], "release")
names = sorted(folder.name for folder in pathlib.Path("functions").iterdir() if folder.is_dir())
sizes = {name: (release / name).stat().st_size for name in names}
for name, size in sizes.items():
    print(f"{size / 1e6:6.2f} MB  {name}")
large = [name for name, size in sizes.items() if size > limit]
if large:
    sys.exit(f"larger than {limit / 1e6:.0f} MB: {', '.join(large)}")
