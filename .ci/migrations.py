"""Upgrade an empty database through every migration and compare it with the models: no difference may be left."""

import os
import subprocess
import sys
import tempfile

ENVIRONMENT = {name: value for name, value in os.environ.items() if not name.startswith("MSME_")}

with tempfile.TemporaryDirectory() as folder:
    for command in ("upgrade head", "check", "downgrade base"):
        done = subprocess.run(
            [sys.executable, "-m", "alembic", *command.split()],
            env={**ENVIRONMENT, "MSME_DATA": folder, "MSME_ENV": "test"},
            capture_output=True,
            text=True,
        )
        if done.returncode:
            print(f"alembic {command}\n{done.stdout[-3000:]}{done.stderr[-3000:]}")
            sys.exit(1)
