/* The load client's state and the calls between its files; one process, one thread, one plan. */
#ifndef CLIENT_H
#define CLIENT_H
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

typedef long long i64;
typedef unsigned char byte;
enum { WAITING, CONNECTING, HANDSHAKE, GREETING, OPEN, CLOSED };
enum { KINDS = 50, GROUPS = 8, BUCKETS = 2048, SAMPLES = 6 };

typedef struct {
    int state, fd, group, partitions, left, done;
    i64 join_ms, stall_at, stall_ms, resume_ns, step, phase, width, events, joined_ns, done_ns;
    i64 *next, *end; /* positions, one a partition */
    byte *request, *rest;
    size_t request_length, sent, rest_length, rest_room;
} Subscriber;

typedef struct {
    i64 subscribers, complete, events, bytes, gaps, repeats, wrong, missing, failed, heartbeats, first_ns, last_ns;
    int sampled;
    i64 histogram[BUCKETS];
} Group;

typedef struct { i64 partition, number, stamp; } Event;

extern Subscriber *all;
extern size_t count;
extern Group groups[GROUPS];
extern int scanning, holding;
extern unsigned short server_port;
extern i64 expected_greetings, deadline_ns;
extern byte *greeting;
extern size_t greeting_length;
extern i64 opening, greeted, finished;

i64 now_ns(void);

/* plan.c */
void read_plan(void);

/* verify.c */
void read_template(const char *text);
size_t template_beginning(const char **bytes); /* its first literal, which every event begins with */
long match(const byte *start, const byte *end, Event *event);
i64 due(const Subscriber *s, i64 at);
void take(Subscriber *s, const Event *event, i64 now);

/* framing.c */
const byte *frames(Subscriber *s, const byte *at, const byte *end, i64 now);
const byte *scan(Subscriber *s, const byte *at, const byte *end, i64 now);
const byte *greetings(Subscriber *s, const byte *at, const byte *end);
void finish(Subscriber *s, i64 now);
void end_subscriber(Subscriber *s, const char *why);

/* report.c */
void complain(i64 *counter, const char *format, ...);
void report(void);
#endif
