# Outlives the test process and cleans up after it, however that ended: the test holds the other end of
# standard input, and the kernel closes it even when the test was killed.
#   $1  server: a PostgreSQL that has to be shut down; group: a process group that has to be killed;
#       namespace: a network namespace that has to be removed
#   $2  directory to remove afterwards, may be empty
# Standard input: "watch PID" names what has to be ended, "forget" takes that back.
trap '' HUP INT QUIT TERM
kind=$1 directory=$2 pid=
while read -r word value; do
    case $word in
        watch) pid=$value ;;
        forget) pid= ;;
    esac
done

alive() {
    kill -0 "$1" 2>/dev/null || return 1
    line=
    { read -r line <"/proc/$1/stat"; } 2>/dev/null
    case ${line##*) } in Z* | X*) return 1 ;; esac
    return 0
}

children() {
    if [ ! -e /proc/self/stat ]; then
        ps -A -o pid=,ppid= | while read -r child parent; do [ "$parent" = "$1" ] && echo "$child"; done
        return
    fi
    for stat in /proc/[0-9]*/stat; do
        line=
        { read -r line <"$stat"; } 2>/dev/null
        case ${line##*) } in
            ?" $1 "*) stat=${stat#/proc/} && echo "${stat%/stat}" ;;
        esac
    done
}

end_server() {
    # A stopped process gets no signal but KILL before it is continued.
    below=$(children "$pid")
    kill -QUIT "$pid"
    kill -CONT "$pid" $below
    tries=0
    while alive "$pid" && [ "$tries" -lt 160 ]; do
        sleep 0.05
        tries=$((tries + 1))
    done
    alive "$pid" && kill -KILL "$pid"
    for child in $below; do alive "$child" && kill -KILL "$child"; done
}

remove_shared_memory() {
    # A killed postmaster leaves its System V segment behind; the seventh line of its lock file names it.
    [ -r "$directory/data/postmaster.pid" ] || return
    segment=$(sed -n '7s/.* //p' "$directory/data/postmaster.pid")
    [ -n "$segment" ] && ipcrm -m "$segment"
}

case $kind in
    server)
        # Killed between starting a server and telling us about it: the server's own lock file knows.
        [ -n "$pid" ] || pid=$(sed -n 1p "$directory/data/postmaster.pid")
        [ -n "$pid" ] && alive "$pid" && end_server
        remove_shared_memory
        ;;
    namespace)
        # The interface first: sockets that are still open keep the namespace, and its end of the pair with it.
        ip link del "sf${pid#steadfast}"
        ip netns del "$pid"
        ;;
    group) [ -n "$pid" ] && kill -KILL "-$pid" ;;
esac 2>/dev/null
[ -n "$directory" ] && rm -rf -- "$directory"
