#!/bin/sh
# A router for the tests of the exec driver: its state is a folder of small files.
# usage: exec-router.sh FOLDER read | set STABLE CANARY | take-out POOL | put-back POOL
cd "$1" || exit 1
echo "$2 $3 $4" >>calls

value() { # FILE: its number, or 0
    cat "$1" 2>/dev/null || echo 0
}

pool() { # NAME PERCENT
    printf '"%s": {"share": %d.%02d, "servers": 2, "up": 2, "drained": %d, ' \
        "$1" $(($2 / 100)) $(($2 % 100)) "$(value "drained-$1")"
    printf '"open": %d, "total": 100, "bad": 1}' "$(value "open-$1")"
}

case "$2" in
read)
    if [ -e answer ]; then
        cat answer
        exit
    fi
    if [ -e broken ]; then
        echo "no route to router"
        exit 3
    fi
    percent=$(value percent)
    echo "{$(pool stable $((100 - percent))), $(pool canary "$percent"), \"epoch\": 7}"
    ;;
set) echo "$4" >percent ;;
take-out) echo 2 >"drained-$3" ;;
put-back) echo 0 >"drained-$3" ;;
*) exit 1 ;;
esac
