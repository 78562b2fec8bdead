/* The limit: one thread that writes the same bytes to every subscriber, and does nothing else.
 *
 *     limit FRAMES RATE STAMP_FROM_END
 *
 * FRAMES is a file of WebSocket frames. It prints its port, upgrades whoever connects, and at "go" on stdin
 * writes the file to all: as fast as the sockets take it (RATE 0), or RATE frames a second, with the time put
 * into the 19 digits that begin STAMP_FROM_END bytes before a frame's end. Ends when stdin closes. */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

enum { MOST = 1 << 16, CHUNK = 1 << 18 };
static const char upgrade[] = "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                              "Sec-WebSocket-Accept: x\r\n\r\n\x81\x10{\"type\":\"hello\"}";
static int sockets[MOST], count, epoll_fd;
static size_t written[MOST];
static unsigned char *frames;
static size_t size;

static void accept_one(int listener)
{
    char request[4096];
    int one = 1, fd = accept(listener, NULL, NULL), length = 0;
    if (fd < 0 || count == MOST)
        exit(1);
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    while (length < (int)sizeof request) {
        ssize_t n = read(fd, request + length, sizeof request - (size_t)length);
        if (n <= 0)
            return;
        length += (int)n;
        if (memmem(request, (size_t)length, "\r\n\r\n", 4))
            break;
    }
    if (write(fd, upgrade, sizeof upgrade - 1) < 0)
        return;
    sockets[count++] = fd;
}

/* Round after round a chunk to each socket that has room, so that the chunk stays in the processor's cache. */
static void burst(void)
{
    struct epoll_event ready[256];
    int left = count;
    for (int i = 0; i < count; i++) {
        struct epoll_event event = {.events = EPOLLOUT, .data.u32 = (unsigned)i};
        fcntl(sockets[i], F_SETFL, O_NONBLOCK);
        epoll_ctl(epoll_fd, EPOLL_CTL_ADD, sockets[i], &event);
    }
    while (left) {
        int n = epoll_wait(epoll_fd, ready, 256, -1);
        for (int k = 0; k < n; k++) {
            unsigned i = ready[k].data.u32;
            size_t length = size - written[i] < CHUNK ? size - written[i] : CHUNK;
            ssize_t taken = write(sockets[i], frames + written[i], length);
            written[i] += taken > 0 ? (size_t)taken : 0;
            if (written[i] == size || (ready[k].events & (EPOLLHUP | EPOLLERR))) {
                epoll_ctl(epoll_fd, EPOLL_CTL_DEL, sockets[i], NULL);
                left--;
            }
        }
    }
}

static size_t frame_length(const unsigned char *at)
{
    size_t length = at[1], head = length < 126 ? 2 : length == 126 ? 4 : 10;
    if (head > 2)
        length = 0;
    for (size_t i = 2; i < head; i++)
        length = length << 8 | at[i];
    return head + length;
}

static void steady(int rate, size_t stamp_from_end)
{
    struct timespec due;
    clock_gettime(CLOCK_MONOTONIC, &due);
    for (size_t at = 0, length; at < size; at += length) {
        struct timespec now;
        char digits[24];
        clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &due, NULL);
        clock_gettime(CLOCK_REALTIME, &now);
        length = frame_length(frames + at);
        snprintf(digits, sizeof digits, "%010lld%09ld", (long long)now.tv_sec, now.tv_nsec);
        memcpy(frames + at + length - stamp_from_end, digits, 19);
        for (int i = 0; i < count; i++)
            if (write(sockets[i], frames + at, length) < 0)
                exit(1);
        due.tv_nsec += 1000000000 / rate;
        if (due.tv_nsec >= 1000000000)
            due.tv_nsec -= 1000000000, due.tv_sec++;
    }
}

static void read_frames(const char *path)
{
    struct stat about;
    FILE *file = fopen(path, "rb");
    if (!file || fstat(fileno(file), &about))
        exit(1);
    size = (size_t)about.st_size;
    frames = malloc(size);
    if (fread(frames, 1, size, file) != size)
        exit(1);
    fclose(file);
}

int main(int arguments, char **argument)
{
    if (arguments != 4)
        return 2;
    struct rlimit files;
    getrlimit(RLIMIT_NOFILE, &files);
    files.rlim_cur = files.rlim_max;
    setrlimit(RLIMIT_NOFILE, &files);
    read_frames(argument[1]);
    struct sockaddr_in address = {AF_INET, 0, {htonl(INADDR_LOOPBACK)}, {0}};
    socklen_t length = sizeof address;
    int listener = socket(AF_INET, SOCK_STREAM, 0);
    if (bind(listener, (struct sockaddr *)&address, length) || listen(listener, 4096))
        return 1;
    getsockname(listener, (struct sockaddr *)&address, &length);
    printf("%d\n", ntohs(address.sin_port));
    fflush(stdout);
    epoll_fd = epoll_create1(0);
    struct epoll_event event = {.events = EPOLLIN, .data.fd = listener}, ready;
    epoll_ctl(epoll_fd, EPOLL_CTL_ADD, listener, &event);
    event.data.fd = 0;
    epoll_ctl(epoll_fd, EPOLL_CTL_ADD, 0, &event);
    while (epoll_wait(epoll_fd, &ready, 1, -1) == 1 && ready.data.fd)
        accept_one(listener);
    epoll_ctl(epoll_fd, EPOLL_CTL_DEL, listener, NULL);
    epoll_ctl(epoll_fd, EPOLL_CTL_DEL, 0, NULL);
    char word[16];
    if (read(0, word, sizeof word) <= 0)
        return 3;
    if (atoi(argument[2]))
        steady(atoi(argument[2]), (size_t)atol(argument[3]));
    else
        burst();
    while (read(0, word, sizeof word) > 0)
        ;
    return 0;
}
