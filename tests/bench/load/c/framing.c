/* From bytes to events: WebSocket frames, or events anywhere in a stream; and a subscriber's beginning and end. */
#include "client.h"
#include <sys/socket.h>

void finish(Subscriber *s, i64 now)
{
    if (s->done)
        return;
    s->done = 1;
    s->done_ns = now;
    finished++;
}

static void greet(Subscriber *s)
{
    s->state = OPEN;
    opening--;
    greeted += s->join_ms < 0;
}

void end_subscriber(Subscriber *s, const char *why)
{
    if (s->state == CONNECTING || s->state == HANDSHAKE || s->state == GREETING)
        opening--, greeted += s->join_ms < 0;
    if (s->left || s->state != OPEN || holding)
        complain(&groups[s->group].failed, "%s after %lld events", why, s->events);
    finish(s, now_ns());
    close(s->fd);
    s->state = CLOSED;
}

static void pong(const Subscriber *s, const byte *payload, size_t length)
{
    byte frame[131] = {0x8a, (byte)(0x80 | length)};
    memcpy(frame + 6, payload, length);
    if (send(s->fd, frame, length + 6, MSG_NOSIGNAL) < 0)
        return; /* the next read tells */
}

static int is(const byte *payload, size_t length, const char *beginning)
{
    size_t wanted = strlen(beginning);
    return length >= wanted && !memcmp(payload, beginning, wanted);
}

static void text(Subscriber *s, const byte *payload, size_t length, i64 now)
{
    Group *group = &groups[s->group];
    Event event;
    if (is(payload, length, "{\"type\":\"event\"")) {
        if (match(payload, payload + length, &event) == (long)length)
            take(s, &event, now);
        else
            complain(&group->wrong, "bytes differ: %.*s", length < 80 ? (int)length : 80, payload);
    } else if (is(payload, length, "{\"type\":\"heartbeat\""))
        group->heartbeats++;
    else if (is(payload, length, "{\"type\":\"error\""))
        complain(&group->failed, "%.*s", length < 200 ? (int)length : 200, payload);
    if (s->state == GREETING)
        greet(s);
}

/* Whole frames from `at` on; gives where the rest begins. */
const byte *frames(Subscriber *s, const byte *at, const byte *end, i64 now)
{
    while (end - at >= 2 && s->state != CLOSED) {
        size_t length = at[1] & 127u, head = length < 126 ? 2 : length == 126 ? 4 : 10;
        if ((size_t)(end - at) < head)
            break;
        if (head > 2)
            length = 0;
        for (size_t i = 2; i < head; i++)
            length = length << 8 | at[i];
        if ((size_t)(end - at) - head < length)
            break;
        if (at[0] == 0x81)
            text(s, at + head, length, now);
        else if ((at[0] & 15) == 9)
            pong(s, at + head, length < 125 ? length : 125);
        else if ((at[0] & 15) == 8)
            end_subscriber(s, "closed by the server");
        else
            complain(&groups[s->group].wrong, "a frame that begins with %02x", at[0]);
        at += head + length;
    }
    return at;
}

/* Events wherever they stand in the stream, whatever is around them. */
const byte *scan(Subscriber *s, const byte *at, const byte *end, i64 now)
{
    Event event;
    const char *beginning;
    size_t size = template_beginning(&beginning);
    for (;;) {
        const byte *found = memmem(at, (size_t)(end - at), beginning, size);
        if (!found)
            return (size_t)(end - at) < size ? at : end - size + 1;
        long length = match(found, end, &event);
        if (length < 0)
            return found;
        if (length == 0)
            complain(&groups[s->group].wrong, "bytes differ: %.80s", found);
        else
            take(s, &event, now);
        at = found + (length ? length : 1);
    }
}

const byte *greetings(Subscriber *s, const byte *at, const byte *end)
{
    if (s->state == HANDSHAKE) {
        const byte *found = memmem(at, (size_t)(end - at), "\r\n\r\n", 4);
        if (!found)
            return at;
        if (!memmem(at, (size_t)(found - at), " 101 ", 5)) {
            end_subscriber(s, "handshake refused");
            return end;
        }
        s->state = GREETING;
        return found + 4;
    }
    if (scanning && s->state == GREETING && memmem(at, (size_t)(end - at), greeting, greeting_length))
        greet(s);
    return at;
}
