/* Whether an event's bytes are the right ones, and whether it is the next that is due.
 *
 * bench/load/sequence.py is the same in Python; both are held to the same tests. */
#include "client.h"

enum { LITERAL, PARTITION, OFFSET, NUMBER, KIND, STAMP, MAX_PARTS = 64 };
typedef struct { int kind; char *bytes; size_t length; } Part;

static Part parts[MAX_PARTS];
static int part_count;

void read_template(const char *text)
{
    static const char letters[] = "?PONKT";
    while (*text && part_count < MAX_PARTS) {
        const char *mark = strchr(text, '%');
        size_t length = mark ? (size_t)(mark - text) : strlen(text);
        if (length)
            parts[part_count++] = (Part){LITERAL, strndup(text, length), length};
        if (!mark)
            return;
        const char *letter = strchr(letters, mark[1]);
        if (letter && mark[1] && part_count < MAX_PARTS)
            parts[part_count++] = (Part){(int)(letter - letters), NULL, 0};
        text = mark + 2;
    }
}

size_t template_beginning(const char **bytes)
{
    *bytes = parts[0].bytes;
    return parts[0].length;
}

/* The first number at or after `at` that the subscriber's filter takes. */
i64 due(const Subscriber *s, i64 at)
{
    if (s->step > 1) {
        i64 place = ((at - s->phase) % s->step + s->step) % s->step;
        if (place >= s->width)
            at += s->step - place;
    }
    return at;
}

/* Reads `width` digits (any number if 0). Gives how many, 0 if there are none, -1 if more bytes are needed. */
static int digits(const byte *at, const byte *end, int width, i64 *value)
{
    int length = 0;
    for (*value = 0; at + length < end && at[length] >= '0' && at[length] <= '9' && (!width || length < width); length++)
        *value = *value * 10 + (at[length] - '0');
    if (at + length == end && (!width || length < width))
        return -1;
    return !width || length == width ? length : 0;
}

/* Compares with the template. Gives the length, 0 if these are other bytes, -1 if it cannot be told yet. */
long match(const byte *start, const byte *end, Event *event)
{
    static const int widths[] = {0, 0, 0, 12, 2, 19};
    const byte *at = start;
    *event = (Event){-1, -1, 0};
    for (const Part *part = parts; part < parts + part_count; part++) {
        if (part->kind == LITERAL) {
            size_t there = (size_t)(end - at), length = part->length < there ? part->length : there;
            if (memcmp(at, part->bytes, length))
                return 0;
            if (length < part->length)
                return -1;
            at += length;
            continue;
        }
        i64 value;
        int length = digits(at, end, widths[part->kind], &value);
        if (length <= 0)
            return length;
        at += length;
        i64 *field = part->kind == PARTITION ? &event->partition : &event->number;
        if (part->kind == STAMP)
            event->stamp = value;
        else if (part->kind == KIND ? event->number % KINDS != value : *field >= 0 && *field != value)
            return 0;
        else if (part->kind != KIND)
            *field = value;
    }
    return at - start;
}

static void note_latency(Group *group, i64 stamp, i64 now)
{
    i64 us = (now - stamp) / 1000, width = 1;
    int bucket = 0; /* 64 buckets to each doubling: within 2 % */
    for (us = us < 0 ? 0 : us; us >= 128 * width; width *= 2)
        bucket += 64;
    bucket += (int)(us / width);
    group->histogram[bucket < BUCKETS ? bucket : BUCKETS - 1]++;
}

void take(Subscriber *s, const Event *event, i64 now)
{
    Group *group = &groups[s->group];
    i64 p = event->partition < 0 ? 0 : event->partition, number = event->number;
    if (p >= s->partitions || due(s, number) != number) {
        complain(&group->wrong, "partition %lld number %lld is not for this subscriber", p, number);
        return;
    }
    i64 want = due(s, s->next[p]);
    if (number > want)
        complain(&group->gaps, "partition %lld: want %lld, got %lld", p, want, number);
    if (number < want) {
        complain(&group->repeats, "partition %lld: want %lld, got %lld again", p, want, number);
        return;
    }
    int was_due = want < s->end[p];
    s->next[p] = number + 1;
    s->events++;
    group->events++;
    if (group->sampled && event->stamp)
        note_latency(group, event->stamp, now);
    if (was_due && due(s, number + 1) >= s->end[p])
        s->left--;
}
