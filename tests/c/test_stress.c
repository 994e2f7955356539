/*
 * Thousands of calls from eight threads while clients are closed and freed, queues are freed, calls are cancelled and run
 * out of time, and servers misbehave: each call that was submitted ends exactly once, and nothing of it is left behind.
 *
 * HTTPC_STRESS_CALLS says how many (make stress: a million), HTTPC_STRESS_SEED repeats what a run was made of.
 */
#include "stress.h"

#include <stdatomic.h>

#define THREADS 8
/* In flight of one thread. */
#define WINDOW 64
/* Longer than a call lasts that is not stuck. */
#define STUCK_MS 60000

enum receiver { FUNCTION, QUEUE, OWNER };

struct record {
    atomic_uint completions;
    enum receiver receiver;
    /* Where it went to, and of which client it is. */
    unsigned place, client;
    uint32_t generation;
    const struct route *route;
    httpc_call *call;
    bool is_submitted;
    /* Somebody may cancel it. */
    bool is_disturbed;
    uint64_t chance;
};

struct worker {
    pthread_t thread;
    uint64_t chance;
    httpc_cancel_token *token;
    struct record *window[WINDOW];
    struct record *records;
    size_t count;
};

/* ---- How calls end ---- */

static atomic_ulong submitted, ended, ended_well, refused, discarded, by_code[256];

static void note_end(struct record *record, httpc_code code, const httpc_error *error)
{
    CHECK_EQ(atomic_fetch_add(&record->completions, 1), 0);
    atomic_fetch_add(&ended, 1);
    atomic_fetch_add(&ended_well, code == HTTPC_OK);
    atomic_fetch_add(&by_code[code & 0xFF], 1);
    bool is_expected = code == record->route->code || code == HTTPC_E_CLOSED || code == HTTPC_E_RATE_LIMITED;
    if (!is_expected && !record->is_disturbed && !httpc_code_is_timeout(code)) {
        CHECK_CODE(code, record->route->code);
        fprintf(stderr, "  for %s: %s\n", record->route->url, httpc_error_detail(error));
    }
    CHECK(code != HTTPC_E_INTERNAL && code != HTTPC_E_RESOURCE);
}

/* Now and then the client that the call runs on is freed inside of this, and now and then another call is submitted. */
static void on_done(void *userdata, httpc_code code, httpc_response *response, httpc_error *error)
{
    struct record *record = userdata;
    CHECK((code == HTTPC_OK) == (response != NULL) && (code == HTTPC_OK) == (error == NULL));
    struct place *place = &clients[record->client];
    httpc_client *old = NULL;
    if (one_in(&record->chance, 2000) && pthread_rwlock_trywrlock(&place->lock) == 0) {
        if (place->generation == record->generation) {
            old = place->of.client;
            place->of.client = stress_client(record->client);
            place->generation++;
        }
        pthread_rwlock_unlock(&place->lock);
    }
    note_end(record, code, error);
    httpc_response_free(response);
    httpc_error_free(error);
    httpc_client_free(old);
}

/* Which events were discarded with their queue is known when all is over. */
static void drain(struct place *place, uint64_t wait_ms)
{
    httpc_event *events[32];
    size_t count = 0;
    pthread_rwlock_rdlock(&place->lock);
    httpc_queue_next_batch(place->of.queue, wait_ms, events, 32, &count, NULL);
    pthread_rwlock_unlock(&place->lock);
    for (size_t i = 0; i < count; i++) {
        struct record *record = httpc_event_tag(events[i]);
        note_end(record, httpc_event_code(events[i]), httpc_event_error(events[i]));
        httpc_event_free(events[i]);
    }
}

static atomic_bool draining;

static void *drain_all(void *place)
{
    while (atomic_load(&draining)) {
        drain(place, 2);
    }
    return NULL;
}

/* ---- How they begin ---- */

static void finish(struct record *record)
{
    if (record->call == NULL) {
        return;
    }
    if (!CHECK_CODE(httpc_call_wait(record->call, STUCK_MS, NULL), HTTPC_OK)) {
        fprintf(stderr, "  stuck: %s, receiver %d\n", record->route->url, (int)record->receiver);
        abort();
    }
    httpc_response *response = NULL;
    httpc_error *error = NULL;
    httpc_code code = httpc_call_take_result(record->call, &response, &error);
    if (record->receiver == OWNER) {
        note_end(record, code, error);
    } else {
        CHECK_CODE(code, HTTPC_E_INVALID_ARG);
    }
    httpc_response_free(response);
    httpc_error_free(error);
    httpc_call_free(record->call);
    record->call = NULL;
}

static void set_traps(struct worker *worker, struct record *record, httpc_request *request)
{
    bool is_endless = record->route->code == HTTPC_E_TIMEOUT_TOTAL;
    if (is_endless || one_in(&worker->chance, 20)) {
        httpc_request_set_timeout(request, HTTPC_TIMEOUT_TOTAL, 1 + chance(&worker->chance) % 50);
    }
    if (one_in(&worker->chance, 50)) {
        httpc_request_set_timeout(request, HTTPC_TIMEOUT_POOL, 1);
    }
    if (one_in(&worker->chance, 10)) {
        record->is_disturbed = true;
        httpc_request_set_cancel_token(request, worker->token);
    }
    record->is_disturbed = record->is_disturbed || one_in(&worker->chance, 10);
}

static httpc_code submit_one(struct record *record, httpc_client *client, httpc_request *request)
{
    if (record->receiver != QUEUE) {
        return httpc_submit(client, request, record->receiver == FUNCTION ? on_done : NULL, record, &record->call, NULL);
    }
    struct place *queue = &queues[record->place];
    pthread_rwlock_rdlock(&queue->lock);
    record->generation = queue->generation;
    httpc_code code = httpc_submit_to(client, request, queue->of.queue, record, &record->call, NULL);
    pthread_rwlock_unlock(&queue->lock);
    return code;
}

static void begin(struct worker *worker, struct record *record)
{
    record->route = random_route(&worker->chance);
    record->receiver = (enum receiver)(chance(&worker->chance) % 3);
    record->place = chance(&worker->chance) % QUEUES;
    record->client = chance(&worker->chance) % CLIENTS;
    record->chance = worker->chance;
    httpc_request *request = request_for(record->route);
    set_traps(worker, record, request);
    struct place *client = &clients[record->client];
    pthread_rwlock_rdlock(&client->lock);
    record->generation = client->generation;
    httpc_code code = submit_one(record, client->of.client, request);
    pthread_rwlock_unlock(&client->lock);
    httpc_request_free(request);
    if (code == HTTPC_OK) {
        atomic_fetch_add(&submitted, 1);
        record->is_submitted = true;
        if (record->is_disturbed && one_in(&worker->chance, 2)) {
            httpc_call_cancel(record->call);
        }
    } else {
        CHECK_CODE(code, HTTPC_E_CLOSED);
        CHECK(record->call == NULL);
        atomic_fetch_add(&refused, 1);
    }
}

/* A blocking call among them. */
static void call_and_wait(struct worker *worker, unsigned at)
{
    pthread_rwlock_rdlock(&clients[at].lock);
    httpc_request *request = new_request("GET", "/status/200");
    httpc_request_set_cancel_token(request, worker->token);
    httpc_code code = code_of(send_request(clients[at].of.client, request));
    CHECK(code == HTTPC_OK || code == HTTPC_E_CLOSED || httpc_code_is_timeout(code));
    httpc_request_free(request);
    pthread_rwlock_unlock(&clients[at].lock);
}

static void new_token(struct worker *worker)
{
    if (worker->token != NULL) {
        httpc_cancel_token_cancel(worker->token);
        httpc_cancel_token_free(worker->token);
    }
    CHECK_CODE(httpc_cancel_token_new(&worker->token, NULL), HTTPC_OK);
}

static void meddle(struct worker *worker)
{
    uint32_t at = chance(&worker->chance);
    if (one_in(&worker->chance, 40)) {
        new_token(worker);
    }
    if (one_in(&worker->chance, 10)) {
        struct record *record = worker->window[at % WINDOW];
        if (record != NULL && record->is_disturbed) {
            httpc_call_cancel(record->call);
        }
    }
    if (one_in(&worker->chance, 50)) {
        call_and_wait(worker, at % CLIENTS);
    }
    if (one_in(&worker->chance, 500)) {
        replace_queue(at % QUEUES);
    }
    if (one_in(&worker->chance, 1000)) {
        struct place *client = &clients[at % CLIENTS];
        pthread_rwlock_rdlock(&client->lock);
        httpc_code code = httpc_client_close(client->of.client, chance(&worker->chance) % 3 * 5, NULL);
        CHECK(code == HTTPC_OK || code == HTTPC_E_AGAIN);
        pthread_rwlock_unlock(&client->lock);
        replace_client(at % CLIENTS);
    }
    if (one_in(&worker->chance, 1000)) {
        replace_client(at % CLIENTS);
    }
}

static void *work(void *argument)
{
    struct worker *worker = argument;
    new_token(worker);
    for (size_t i = 0; i < worker->count; i++) {
        struct record **slot = &worker->window[i % WINDOW];
        if (*slot != NULL) {
            finish(*slot);
        }
        *slot = &worker->records[i];
        begin(worker, *slot);
        meddle(worker);
    }
    for (size_t i = 0; i < WINDOW; i++) {
        if (worker->window[i] != NULL) {
            finish(worker->window[i]);
            worker->window[i] = NULL;
        }
    }
    httpc_cancel_token_free(worker->token);
    worker->token = NULL;
    return NULL;
}

/* ---- A run ---- */

/* Exactly one end each, but for those whose queue was freed: their events are gone, and none came twice. */
static void check_records(struct record *records, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        unsigned completions = atomic_load(&records[i].completions);
        bool is_lost = records[i].receiver == QUEUE && records[i].generation < queues[records[i].place].generation;
        if (completions == 0 && is_lost && records[i].is_submitted) {
            atomic_fetch_add(&discarded, 1);
        } else {
            CHECK_EQ(completions, records[i].is_submitted);
        }
    }
    CHECK_EQ(atomic_load(&submitted), atomic_load(&ended) + atomic_load(&discarded));
    CHECK_EQ(atomic_load(&submitted) + atomic_load(&refused), count);
}

static void run(size_t count, uint64_t seed)
{
    static struct worker workers[THREADS];
    pthread_t drainers[QUEUES];
    struct record *records = calloc(count, sizeof *records);
    submitted = ended = ended_well = refused = discarded = 0;
    build_world();
    atomic_store(&draining, true);
    for (unsigned i = 0; i < QUEUES; i++) {
        CHECK_EQ(pthread_create(&drainers[i], NULL, drain_all, &queues[i]), 0);
    }
    for (unsigned i = 0; i < THREADS; i++) {
        size_t first = count * i / THREADS;
        workers[i] = (struct worker){.chance = seed + i, .records = records + first, .count = count * (i + 1) / THREADS - first};
        CHECK_EQ(pthread_create(&workers[i].thread, NULL, work, &workers[i]), 0);
    }
    for (unsigned i = 0; i < THREADS; i++) {
        pthread_join(workers[i].thread, NULL);
    }
    atomic_store(&draining, false);
    for (unsigned i = 0; i < QUEUES; i++) {
        pthread_join(drainers[i], NULL);
        while (httpc_queue_length(queues[i].of.queue) > 0) {
            drain(&queues[i], 0);
        }
    }
    check_records(records, count);
    end_world();
    free(records);
}

static uint64_t number_of(const char *variable, uint64_t otherwise)
{
    const char *value = getenv(variable);
    return value != NULL ? strtoull(value, NULL, 0) : otherwise;
}

static void print_codes(void)
{
    for (unsigned code = 0; code < 256; code++) {
        if (by_code[code] > 0) {
            printf("  %8lu %s\n", atomic_load(&by_code[code]), httpc_code_name((int32_t)code));
        }
    }
}

TEST(every_call_ends_once_and_leaves_nothing_behind)
{
    size_t count = number_of("HTTPC_STRESS_CALLS", 20000);
    uint64_t seed = number_of("HTTPC_STRESS_SEED", (uint64_t)time(NULL) << 20 | (uint64_t)getpid());
    printf("HTTPC_STRESS_CALLS=%zu HTTPC_STRESS_SEED=%" PRIu64 "\n", count, seed);
    /* What is made once in a process is there before, and the allocator's pools are as full as they become. */
    run(5000, seed);
    struct held before = held_now(), after = before;
    double start = now_ms();
    run(count, seed + THREADS);
    double seconds = (now_ms() - start) / 1e3;
    print_codes();
    printf("  submitted %lu: %lu ended, %lu discarded with their queue; %lu refused by closed clients; %.0f a second\n",
           atomic_load(&submitted), atomic_load(&ended), atomic_load(&discarded), atomic_load(&refused),
           (double)count / seconds);
    /* Whoever frees a client inside a completion does not wait for its engine threads. */
    CHECK_COMES_TRUE((after = held_now()).threads == before.threads && after.descriptors == before.descriptors);
    printf("  before: %u descriptors, %u threads, %ld kB allocated, %ld kB resident\n", before.descriptors,
           before.threads, before.allocated_kb, before.resident_kb);
    printf("  after:  %u descriptors, %u threads, %ld kB allocated, %ld kB resident\n", after.descriptors,
           after.threads, after.allocated_kb, after.resident_kb);
    CHECK(atomic_load(&ended_well) > count / 2);
#if !UNDER_ASAN && !UNDER_TSAN
    CHECK_BETWEEN(after.allocated_kb, 0, before.allocated_kb + 128);
    CHECK_BETWEEN(after.resident_kb, 0, before.resident_kb + 8192);
#endif
}
