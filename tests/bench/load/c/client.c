/* The load client: many subscribers on raw sockets in one process, every event of each one verified.
 *
 * Reads a plan on stdin (bench/load/plan.py writes and explains it), prints "open" when all who connect
 * at the start have been greeted, waits for "go", and prints one JSON object when each subscriber has
 * all that it is due (with "hold": when told "stop"). It ends by itself at the deadline, and when stdin
 * closes. Invariant: an event counts only if every byte of it is what the template makes of its partition and
 * number, and its number is the one that this subscriber has to get next. */
#include "client.h"
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>

enum { AT_ONCE = 64, READ_BYTES = 1 << 18 };

Subscriber *all;
size_t count;
Group groups[GROUPS];
int scanning, holding;
unsigned short server_port;
i64 expected_greetings, deadline_ns, opening, greeted, finished;
byte *greeting;
size_t greeting_length;

static int running, stopping, epoll_fd;
static i64 go_ns;
static byte *buffer;
static size_t buffer_room;

i64 now_ns(void)
{
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    return (i64)now.tv_sec * 1000000000 + now.tv_nsec;
}

static void watch(Subscriber *s, int operation, unsigned events)
{
    struct epoll_event event = {.events = events, .data.u64 = (unsigned long long)(s - all)};
    epoll_ctl(epoll_fd, operation, s->fd, &event);
}

static void connect_subscriber(Subscriber *s)
{
    struct sockaddr_in at = {AF_INET, htons(server_port), {htonl(INADDR_LOOPBACK)}, {0}};
    int one = 1, small = 1 << 16;
    s->fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
    if (s->stall_ms)
        setsockopt(s->fd, SOL_SOCKET, SO_RCVBUF, &small, sizeof small);
    setsockopt(s->fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    s->state = CONNECTING;
    s->joined_ns = now_ns();
    opening++;
    if (s->fd < 0 || (connect(s->fd, (struct sockaddr *)&at, sizeof at) && errno != EINPROGRESS))
        end_subscriber(s, strerror(errno));
    else
        watch(s, EPOLL_CTL_ADD, EPOLLOUT);
}

static void writable(Subscriber *s)
{
    ssize_t n = send(s->fd, s->request + s->sent, s->request_length - s->sent, MSG_NOSIGNAL);
    if (n < 0 && errno != EAGAIN) {
        end_subscriber(s, "connecting failed");
        return;
    }
    s->sent += n > 0 ? (size_t)n : 0;
    if (s->sent == s->request_length) {
        s->state = scanning ? GREETING : HANDSHAKE;
        watch(s, EPOLL_CTL_MOD, EPOLLIN);
    }
}

static void keep_rest(Subscriber *s, const byte *at, size_t length)
{
    if (length > s->rest_room)
        s->rest = realloc(s->rest, s->rest_room = length + 512);
    memcpy(s->rest, at, length);
    s->rest_length = length;
}

static void readable(Subscriber *s)
{
    if (s->rest_length + READ_BYTES > buffer_room)
        buffer = realloc(buffer, buffer_room = s->rest_length + 2 * READ_BYTES);
    memcpy(buffer, s->rest, s->rest_length);
    ssize_t n = recv(s->fd, buffer + s->rest_length, READ_BYTES, 0);
    if (n <= 0) {
        if (n == 0 || errno != EAGAIN)
            end_subscriber(s, n ? strerror(errno) : "cut by the server");
        return;
    }
    Group *group = &groups[s->group];
    i64 now = now_ns(), before = s->events;
    group->bytes += n;
    const byte *end = buffer + s->rest_length + n, *at = buffer;
    if (s->state != OPEN)
        at = greetings(s, at, end);
    if (s->state == OPEN || (s->state == GREETING && !scanning))
        at = scanning ? scan(s, at, end, now) : frames(s, at, end, now);
    if (s->state == CLOSED)
        return;
    keep_rest(s, at, (size_t)(end - at));
    if (s->events > before) {
        group->first_ns = group->first_ns ? group->first_ns : now;
        group->last_ns = now;
    }
    if (!s->left && s->state == OPEN)
        finish(s, now);
    if (s->stall_ms && !s->resume_ns && s->events >= s->stall_at) {
        s->resume_ns = now + s->stall_ms * 1000000;
        watch(s, EPOLL_CTL_MOD, 0);
    }
}

static void command(void)
{
    char text[64];
    ssize_t n = read(0, text, sizeof text - 1);
    text[n > 0 ? n : 0] = 0;
    if (n <= 0)
        _exit(3); /* whoever started us is gone */
    if (strstr(text, "go"))
        running = 1, go_ns = now_ns();
    if (strstr(text, "stop"))
        stopping = 1;
}

/* Connects whose time has come, wakes who has stalled long enough; gives whether there are more to come. */
static int timers(void)
{
    static size_t first_waiting;
    i64 now = now_ns();
    int more = 0;
    for (size_t i = first_waiting; i < count; i++) {
        Subscriber *s = &all[i];
        if (opening >= AT_ONCE)
            return 1;
        if (s->state != WAITING)
            continue;
        if (s->join_ms < 0 || (running && now >= go_ns + s->join_ms * 1000000))
            connect_subscriber(s);
        more += s->state == WAITING;
    }
    while (first_waiting < count && all[first_waiting].state != WAITING)
        first_waiting++;
    for (size_t i = 0; i < count && all[i].stall_ms; i++) { /* who stalls stands first in the plan */
        if (all[i].resume_ns > 1 && all[i].state == OPEN && now >= all[i].resume_ns)
            watch(&all[i], EPOLL_CTL_MOD, EPOLLIN), all[i].resume_ns = 1;
        more += all[i].resume_ns > 1;
    }
    return more;
}

int main(void)
{
    struct rlimit files;
    getrlimit(RLIMIT_NOFILE, &files);
    files.rlim_cur = files.rlim_max;
    setrlimit(RLIMIT_NOFILE, &files);
    deadline_ns = now_ns() + 60000000000;
    read_plan();
    epoll_fd = epoll_create1(0);
    struct epoll_event control = {.events = EPOLLIN, .data.u64 = ~0ull}, ready[256];
    epoll_ctl(epoll_fd, EPOLL_CTL_ADD, 0, &control);
    int said = 0;
    while (now_ns() < deadline_ns && !(holding ? stopping : running && finished == (i64)count)) {
        int more = timers();
        if (!said && greeted == expected_greetings)
            said = 1, puts("open"), fflush(stdout);
        int n = epoll_wait(epoll_fd, ready, 256, more ? 2 : 200);
        for (int i = 0; i < n; i++) {
            Subscriber *s = ready[i].data.u64 == ~0ull ? NULL : &all[ready[i].data.u64];
            if (!s)
                command();
            else if (s->state == CONNECTING)
                writable(s);
            else if (s->state != CLOSED)
                readable(s);
        }
    }
    report();
    return 0;
}
