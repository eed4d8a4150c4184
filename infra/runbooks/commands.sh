# What an operator types, as functions of a shell: `. infra/runbooks/commands.sh`.
#
# Needs the AWS command line, with the credentials and the region of the stack. STACK is its name. It works on the local
# stack too: infra/runbooks/README.md shows how.

STACK=${STACK:-payonce}

# The real name of a resource of the stack: name_of PaymentsTable
name_of() {
  aws cloudformation describe-stack-resource --stack-name "$STACK" --logical-resource-id "$1" \
    --query StackResourceDetail.PhysicalResourceId --output text
}

# The key inside a payment, channel order or refund number: all of them carry it.
key_of() { printf '%.20s' "${1#?}"; }

# A payment's item as it is stored: payment P...
payment() {
  aws dynamodb get-item --consistent-read --table-name "$(name_of PaymentsTable)" \
    --key "{\"k\":{\"S\":\"$(key_of "$1")\"}}"
}

# What channels said of a payment, word for word, where it changed something: evidence P...
# It names buyers: look, and do not copy it anywhere.
evidence() {
  aws dynamodb query --table-name "$(name_of EvidenceTable)" --key-condition-expression 'k = :k' \
    --expression-attribute-values "{\":k\":{\"S\":\"$(key_of "$1")\"}}"
}

# The payments that are overdue now, oldest first in each shard, 0 to DueShards - 1: overdue 0
overdue() {
  aws dynamodb query --table-name "$(name_of PaymentsTable)" --index-name due --max-items "${2:-20}" \
    --key-condition-expression 's = :s AND d <= :now' \
    --expression-attribute-values "{\":s\":{\"N\":\"$1\"},\":now\":{\"N\":\"$(date +%s)000\"}}"
}

# The lines of a function's log that hold all the words, of the last so many hours (1): says query '"P..." "query"' 24
says() {
  local group
  group=$(name_of "$(printf '%s' "${1%"${1#?}"}" | tr a-z A-Z)${1#?}Logs")
  aws logs filter-log-events --log-group-name "$group" --filter-pattern "$2" \
    --start-time "$(($(date +%s) - ${3:-1} * 3600))000" --query 'events[].message' --output text | tr '\t' '\n'
}

# The query log (查询日志): what was asked of channels about a payment, and what they said, of the last so many hours
# (24): asked P... 72
asked() {
  local function
  for function in query scan payments pay refund; do
    says "$function" "\"$1\" \"asked the channel\"" "${2:-24}"
  done
}

# Reconciles every day that can be closed by now, or one account's day once more:
# reconcile_now; reconcile_now alipay ACCOUNT 2026-11-26
reconcile_now() {
  local folder event='{}'
  folder=$(mktemp -d)
  [ $# = 0 ] || event="{\"channel\":\"$1\",\"account\":\"$2\",\"day\":\"$3\"}"
  printf '%s' "$event" >"$folder/event"
  aws lambda invoke --function-name "$(name_of reconcile)" --payload "fileb://$folder/event" "$folder/answer" >/dev/null &&
    cat "$folder/answer" && echo
  rm -r "$folder"
}

# What the scan would do if it ran now. It does none of it.
dry_run() {
  local folder
  folder=$(mktemp -d)
  printf '{"dry_run":true}' >"$folder/event"
  aws lambda invoke --function-name "$(name_of scan)" --payload "fileb://$folder/event" "$folder/answer" >/dev/null &&
    cat "$folder/answer" && echo
  rm -r "$folder"
}

# The switch and the cap of refunds: controls show | controls refunds off | controls refunds on | controls cap 500000 |
# controls cap none. Caps are fen an hour.
controls() {
  CONTROLS_TABLE=$(name_of ControlsTable) cargo run -q -p payonce-lambda --example controls -- "$@"
}

# Walks past every payment and appeal, replays each history and prints one number, which must be zero (审计): audit table |
# audit table --heads heads | audit table --restore | audit export PAYMENTS APPEALS --heads heads.
audit() {
  PAYMENTS_TABLE=$(name_of PaymentsTable) APPEALS_TABLE=$(name_of AppealsTable) \
    LEDGER_TABLE=$(name_of LedgerTable) \
    cargo run -q --release -p payonce-lambda --example audit -- "$@"
}
