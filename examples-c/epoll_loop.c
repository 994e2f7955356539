/*
 * An event loop of one's own, on epoll: the queue's descriptor is readable while outcomes wait, so it is watched beside
 * the program's sockets and timers, and nothing in the loop ever blocks.
 *
 * Usage: epoll_loop URL REFUSED_URL
 */
#define _POSIX_C_SOURCE 200809L
#include <httpclient.h>

#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/timerfd.h>
#include <unistd.h>

enum { FETCHES = 3 };

struct fetch {
    const char *path;
    char outcome[80];
};

struct program {
    httpc_client *client;
    httpc_queue *queue;
    struct fetch fetches[FETCHES];
    int left, ticks;
};

static httpc_code submit(struct program *program, struct fetch *fetch, httpc_error **error)
{
    httpc_request *request = NULL;
    httpc_code code = httpc_request_new("GET", fetch->path, &request, error);
    if (code == HTTPC_OK) {
        code = httpc_submit_to(program->client, request, program->queue, fetch, NULL, error);
        program->left += code == HTTPC_OK;
    }
    httpc_request_free(request);
    return code;
}

/* Takes all events that are there, and never waits. */
static void receive(struct program *program)
{
    httpc_event *event = NULL;
    while (httpc_queue_next(program->queue, 0, &event, NULL) == HTTPC_OK) {
        struct fetch *fetch = httpc_event_tag(event);
        const httpc_response *response = httpc_event_response(event);
        if (response != NULL) {
            snprintf(fetch->outcome, sizeof fetch->outcome, "status %d", (int)httpc_response_status(response));
        } else {
            snprintf(fetch->outcome, sizeof fetch->outcome, "%s", httpc_code_name(httpc_event_code(event)));
        }
        httpc_event_free(event);
        program->left--;
    }
}

static void on_timer(struct program *program, int timer)
{
    uint64_t times = 0;
    if (read(timer, &times, sizeof times) == sizeof times) {
        program->ticks += (int)times;
    }
}

static void run(struct program *program)
{
    struct itimerspec every_10_ms = {{0, 10000000}, {0, 10000000}};
    int epoll = epoll_create1(EPOLL_CLOEXEC);
    int timer = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
    int queue = httpc_queue_fd(program->queue); /* the queue's: watched, but never read or closed */
    struct epoll_event timer_event = {.events = EPOLLIN, .data.fd = timer};
    struct epoll_event queue_event = {.events = EPOLLIN, .data.fd = queue};
    if (timerfd_settime(timer, 0, &every_10_ms, NULL) != 0 ||
        epoll_ctl(epoll, EPOLL_CTL_ADD, timer, &timer_event) != 0 ||
        epoll_ctl(epoll, EPOLL_CTL_ADD, queue, &queue_event) != 0) {
        perror("epoll");
        exit(EXIT_FAILURE);
    }
    while (program->left > 0) {
        struct epoll_event events[8];
        int count = epoll_wait(epoll, events, 8, -1);
        for (int i = 0; i < count; i++) {
            if (events[i].data.fd == queue) {
                receive(program);
            } else {
                on_timer(program, timer);
            }
        }
    }
    close(timer);
    close(epoll);
}

int main(int argc, char **argv)
{
    struct program program = {.fetches = {{.path = "/bytes/200"}, {.path = "/delay/200"}, {.path = "/status/404"}}};
    httpc_config *config = NULL;
    httpc_error *error = NULL;

    if (argc != 3) {
        fprintf(stderr, "usage: %s URL REFUSED_URL\n", argv[0]);
        return EXIT_FAILURE;
    }
    if (httpc_config_new(&config, &error) == HTTPC_OK) {
        httpc_config_set_base_url(config, argv[1]);
        httpc_client_new(config, &program.client, &error);
    }
    httpc_config_free(config);
    if (program.client != NULL && httpc_queue_new(&program.queue, &error) == HTTPC_OK) {
        for (int i = 0; i < FETCHES && error == NULL; i++) {
            submit(&program, &program.fetches[i], &error);
        }
        run(&program);
    }
    for (int i = 0; i < FETCHES; i++) {
        printf("%s: %s\n", program.fetches[i].path, program.fetches[i].outcome);
    }
    printf("the loop ran meanwhile: %s\n", program.ticks > 0 ? "yes" : "no");
    int status = error == NULL ? EXIT_SUCCESS : EXIT_FAILURE;
    if (error != NULL) {
        fprintf(stderr, "%s\n", httpc_error_detail(error));
    }
    httpc_error_free(error);
    httpc_queue_free(program.queue);
    httpc_client_free(program.client);
    return status;
}
