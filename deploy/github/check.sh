#!/usr/bin/env bash
# Asks the gate, writes what it said where GitHub shows it, and exits as "plimsoll gate check" does: 0 allow, 2 deny, 3 hold or no
# decision, 1 wrong usage. Needs plimsoll, or curl and jq, which the runners of GitHub have. Inputs are the GATE_ variables of action.yml.
set -euo pipefail

# Where plimsoll is installed it says all that follows itself, to the letter. It cannot ask GitHub for another token when one expires while it waits.
if [[ -z $GATE_AUDIENCE ]] && command -v plimsoll >/dev/null; then
  flags=(--url "$GATE_URL" --output github)
  check=(--service "$GATE_SERVICE" --env "$GATE_ENVIRONMENT" --sha "$GATE_COMMIT" --class "$GATE_CLASS" --version "$GATE_VERSION" --author "$GATE_AUTHOR"
    --ref "$GATE_REFS" --wait "$GATE_WAIT" --every "${GATE_EVERY:-30}s" "--progressive=$GATE_PROGRESSIVE")
  PLIMSOLL_TOKEN=$GATE_TOKEN PLIMSOLL_TOKEN_FILE=/dev/null exec plimsoll "${flags[@]}" gate check "${check[@]}"
fi

# What breaks a line, or steers a terminal, is a blank; as in slo/gate/message.go.
one_line='def one_line: tostring | gsub("[\\p{Cc}\\x{2028}\\x{2029}]"; " ") | gsub("^\\s+|\\s+$"; "");'
every=${GATE_EVERY:-30} # seconds between questions while it waits
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT

usage() {
  printf '::error title=Plimsoll gate::%s\n' "$(escape "$1")"
  exit 1
}

# escape writes text as the value of a workflow command.
escape() {
  local s=${1//'%'/'%25'}
  s=${s//$'\r'/'%0D'}
  printf '%s' "${s//$'\n'/'%0A'}"
}

seconds() {
  case $1 in
    0) echo 0 ;;
    *[!0-9]*[!0-9smh]*) return 1 ;;
    [0-9]*h) echo $((10#${1%h} * 3600)) ;;
    [0-9]*m) echo $((10#${1%m} * 60)) ;;
    [0-9]*s) echo $((10#${1%s})) ;;
    *) return 1 ;;
  esac
}

# identify asks GitHub to sign who this job is, anew for each question: what it signs is good for some minutes.
identify() {
  [[ -n ${ACTIONS_ID_TOKEN_REQUEST_URL:-} ]] || usage 'GitHub signs no token for this job: with the input "audience" it needs the permission id-token: write.'
  printf 'Authorization: bearer %s\n' "$ACTIONS_ID_TOKEN_REQUEST_TOKEN" >"$scratch/github"
  GATE_TOKEN=$(curl -sSf --max-time 30 --retry 3 --get -H "@$scratch/github" --data-urlencode "audience=$GATE_AUDIENCE" "$ACTIONS_ID_TOKEN_REQUEST_URL" |
    jq -er '.value') || usage 'GitHub signed no token for this job.'
  printf '::add-mask::%s\n' "$GATE_TOKEN"
}

# ask puts the question and leaves the answer in $scratch/answer, and its status in $status: 000 if nobody answers.
ask() {
  local headers=(-H 'Content-Type: application/json')
  [[ -z $GATE_AUDIENCE ]] || identify
  if [[ -n ${GATE_TOKEN:-} ]]; then
    printf 'Authorization: Bearer %s\n' "$GATE_TOKEN" >"$scratch/header" # not among the arguments, which every process can read
    headers+=(-H "@$scratch/header")
  fi
  : >"$scratch/answer"
  status=$(curl -sS --max-time 30 -o "$scratch/answer" -w '%{http_code}' "${headers[@]}" --data-binary "@$scratch/question" \
    "${GATE_URL%/}/v1/gate/checks" 2>"$scratch/trouble") || status=000
}

# read_answer sets decision, seq, reason and message. What is not an answer of a gate is a hold.
read_answer() {
  if [[ $status == 200 ]] && decision=$(jq -er '.outcome | select(. == "allow" or . == "deny" or . == "hold")' "$scratch/answer" 2>/dev/null); then
    seq=$(jq -r '.seq' "$scratch/answer")
    reason=$(jq -r '.reason' "$scratch/answer")
    message=$(jq -r "$one_line"'.message | map(one_line) | join("\n")' "$scratch/answer")
    return
  fi
  decision=hold seq=0 reason=NO_ANSWER
  local why
  why=$(jq -er '.detail' "$scratch/answer" 2>/dev/null) || why=$(tail -n 1 "$scratch/trouble")
  message="HOLD $GATE_CLASS $GATE_COMMIT of $GATE_SERVICE to $GATE_ENVIRONMENT: the gate did not answer, which is never an allow.
${why:-The answer was not that of a gate} (status $status).
Next: look at the url of this step and at Plimsoll's log, and run the job again."
}

# show writes the answer for people: the step's summary and an annotation, and for other steps: the outputs.
show() {
  local mark=⛔ level=error
  case $decision in
    allow) mark=✅ level=notice ;;
    hold) mark=✋ ;;
  esac
  {
    printf '### %s Plimsoll gate: %s\n\n' "$mark" "$decision"
    # Indented text is shown as it is, whatever it holds.
    printf '%s\n' "$message" | sed 's/^/    /'
    printf '\n'
    if [[ $seq != 0 ]]; then
      printf '<details><summary>Decision %s</summary>\n\n| clause | verdict | figures |\n|---|---|---|\n' "$seq"
      jq -r "$one_line"'
        def cell: one_line | gsub("(?<c>[\\\\`*_\\[\\]<>&~|])"; "\\\(.c)") | gsub("(?<c>[@#!])"; .c + "&#8203;") | gsub("://"; ":&#47;/") | gsub("www\\."; "www&#46;");
        .clauses[] | [.clause, .verdict, .detail] | map(cell) | "| " + join(" | ") + " |"' "$scratch/answer"
      printf '\n</details>\n'
    fi
  } >>"${GITHUB_STEP_SUMMARY:-/dev/null}"
  printf 'decision=%s\nseq=%s\nreason=%s\n' "$decision" "$seq" "$reason" >>"${GITHUB_OUTPUT:-/dev/null}"
  printf '::%s title=Plimsoll gate%%3A %s::%s\n' "$level" "$decision" "$(escape "$message")"
}

[[ -n ${GATE_URL:-} ]] || usage 'The input "url" is empty: it must be the address of Plimsoll, such as https://plimsoll.example.com.'
wait=$(seconds "$GATE_WAIT") || usage "The input \"wait\" is \"$GATE_WAIT\": it must be 0 or a time such as 90s, 30m or 2h."
[[ $GATE_PROGRESSIVE == true || $GATE_PROGRESSIVE == false ]] || usage "The input \"progressive\" is \"$GATE_PROGRESSIVE\": it must be true or false."

jq -n --arg service "$GATE_SERVICE" --arg environment "$GATE_ENVIRONMENT" --arg commit "$GATE_COMMIT" --arg version "$GATE_VERSION" \
  --arg author "$GATE_AUTHOR" --arg class "$GATE_CLASS" --arg refs "$GATE_REFS" --argjson progressive "$GATE_PROGRESSIVE" \
  '{$service, $environment, $commit, $version, $author, $class, $progressive,
    refs: ($refs | split(",") | map(gsub("^\\s+|\\s+$"; "")) | map(select(. != "")))}' >"$scratch/question"

deadline=$((SECONDS + wait))
while :; do
  ask
  case $status in
    401 | 403 | 422) usage "$(jq -r '[.detail, (.errors // [] | .[].message)] | unique | join("; ")' "$scratch/answer" 2>/dev/null || echo "Plimsoll answered $status")" ;;
  esac
  read_answer
  left=$((deadline - SECONDS))
  if [[ $decision == allow || $left -le 0 ]]; then
    break
  fi
  printf '%s\nWaiting for %d s more.\n' "$message" "$left"
  sleep "$((left < every ? left : every))"
done

show
case $decision in
  allow) exit 0 ;;
  deny) exit 2 ;;
  *) exit 3 ;;
esac
