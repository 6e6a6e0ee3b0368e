/* driver.c - splits a call over threads and pieces.  The only parallel region, the only allocations of a call. */
#include <limits.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <time.h>

#ifdef _OPENMP
#include <omp.h>
#endif
#ifndef _WIN32
#include <pthread.h>
#include <sched.h>
#endif

#include "isas/float_mode.h"
#include "walk.h"

enum { SMALL_SCRATCH = 4096 };              /* an allocation costs as much as a tiny call */
enum { BYTES_OF_A_GUEST = 8 << 20 };        /* a team that ends with its call: its start and end take some 60 us */
enum { TEAM_BYTES = 1 << 16 };              /* what the OpenMP runtime allocates for a team, amply */

int pool_has_openmp(void)
{
#ifdef _OPENMP
    return 1;
#else
    return 0;
#endif
}

/* ---- interruption ------------------------------------------------------------------------------------------ */

enum { FIRST_WORK = 16 << 20 };         /* bytes times taps: at most some 20 ms of the slowest kernels */
enum { SLOW_WORK = 16 };                /* a power, or a tap of a window that is found alone, is so many taps */
static const int64_t PIECE_NS = 4000000, ASK_NS = 25000000;
static const int64_t SPIN_NS = 1000000, NAP_NS = 100000;       /* of a thread that waits for others */

/* What a thread of a long call looks at between two pieces of its share. */
struct watch {
    atomic_int *stop;
    int (*interrupted)(void);           /* for the thread that made the call; else null */
    int64_t ask_at;
};
static _Thread_local struct watch *watched;

int64_t pool_now(void)
{
    struct timespec t;
#ifdef CLOCK_MONOTONIC
    clock_gettime(CLOCK_MONOTONIC, &t);
#else
    timespec_get(&t, TIME_UTC);
#endif
    return t.tv_sec * INT64_C(1000000000) + t.tv_nsec;
}

int pool_stop(void)
{
    struct watch *const w = watched;
    if (!w) return 0;
    if (!atomic_load_explicit(w->stop, memory_order_relaxed) && w->interrupted && pool_now() >= w->ask_at) {
        if (w->interrupted()) atomic_store_explicit(w->stop, 1, memory_order_relaxed);
        w->ask_at = pool_now() + ASK_NS;
    }
    return atomic_load_explicit(w->stop, memory_order_relaxed);
}

void pool_plan_pieces(struct pool_job *job)
{
    const struct pool_geometry *g = job->g;
    double outputs = (double)g->along.outputs * (double)g->inner.size, taps = 1;
    for (int a = 0; a < g->outer_axes; a++) outputs *= (double)g->outer[a].size;
    for (int a = 0; a < g->lead_axes; a++) {
        outputs *= (double)g->lead[a].outputs;
        taps *= (double)g->lead[a].window;
    }
    /* Along the row the cost of a window without places is its logarithm's, in blocks that span what is between. */
    const int one_by_one = g->index_bytes || job->chunked || job->task == POOL_SPREAD;
    const double span = job->x_block ? (double)job->x_blocks * (double)block_span(job) / (double)g->along.outputs : 0;
    const double along = one_by_one ? (double)least(g->along.window, g->along.size)
                                    : (double)(64 - __builtin_clzll((uint64_t)g->along.window));
    taps *= !job->chunked && span > along ? span : along;
    if (job->task == POOL_PUT || job->task == POOL_PICK) taps = 1;
    const int is_slow = g->power || g->root || (g->index_bytes && (job->chunked || job->columns));
    const double work = (outputs * g->elem_bytes * taps + (double)g->bytes) * (is_slow ? SLOW_WORK : 1);
    job->piece = work <= FIRST_WORK ? 0 : most(1, (int64_t)((double)job->units * (FIRST_WORK / work)));
}

/* ---- units ------------------------------------------------------------------------------------------------- */

/* Units [first, last), of a long call in pieces of some PIECE_NS. */
static int64_t do_pieces(const struct pool_job *job, const char *in, char *out, char *index, char *scratch,
                         int64_t first, int64_t last)
{
    for (int64_t piece = job->piece; first < last && !pool_stop();) {
        const int64_t upto = least(last, first + piece), start = pool_now();
        const int64_t bad = job->walk(job, in, out, index, scratch, first, upto);
        if (bad >= 0) return bad;
        const double fit = (double)(upto - first) * (double)PIECE_NS / (double)most(1, pool_now() - start);
        const double cap = 8 * (double)piece;
        piece = most(1, (int64_t)(fit < cap ? fit : cap));
        first = upto;
    }
    return -1;
}

/* Those, or what looks at whether to stop by itself: parts of them, units that go on. */
static int64_t do_units(const struct pool_job *job, int in_parts, const char *in, char *out, char *index, char *scratch,
                        int64_t first, int64_t last)
{
    const float_mode before = plain_floats();
    pool_way *const way = in_parts ? job->walk_parts : watched && !goes_on(job) ? do_pieces : job->walk;
    const int64_t bad = way(job, in, out, index, scratch, first, last);
    restore_floats(before);
    return bad;
}

/* ---- teams ------------------------------------------------------------------------------------------------- */

/* One call at a time is parallel; the rest stay on their callers' threads.  So does a child forked once this process
 * has run in parallel: the OpenMP runtime's threads did not come with it. */
static atomic_flag parallel = ATOMIC_FLAG_INIT;
static atomic_int has_been_parallel;

/* The runtime keeps a team for each thread that ever asked for one.  Here one thread keeps its team, until it ends;
 * the others are guests, whose teams end with their calls. */
static atomic_flag kept = ATOMIC_FLAG_INIT;
#ifdef _OPENMP
static _Thread_local int keeps;
static _Thread_local int64_t team = 1;      /* threads of this thread's team, itself included */
static int most_threads;                    /* that OpenMP grants where nobody has limited it */
#endif

#ifndef _WIN32
static pthread_key_t keeper;

static void stay_serial(void)
{
    if (atomic_load(&has_been_parallel)) atomic_flag_test_and_set(&parallel);
}

static void leave_team(void *key)
{
    (void)key;
    atomic_flag_clear(&kept);
}
#endif

__attribute__((constructor)) static void begin(void)
{
#ifdef _OPENMP
    const char *const wanted = getenv("OMP_NUM_THREADS");
    const int number = wanted ? atoi(wanted) : 0;
    most_threads = number > 0 ? number : omp_get_num_procs();
    if (most_threads < omp_get_max_threads()) most_threads = omp_get_max_threads();
#endif
#ifndef _WIN32
    pthread_atfork(NULL, NULL, stay_serial);
    if (pthread_key_create(&keeper, leave_team)) atomic_flag_test_and_set(&kept);       /* all are guests */
#endif
}

int pool_thread_limit(void)
{
#ifdef _OPENMP
    const int limit = omp_get_max_threads();
    return limit < most_threads ? limit : INT_MAX;
#else
    return INT_MAX;
#endif
}

#ifdef _OPENMP
#ifdef _WIN32
static int64_t startable(int64_t threads) { return threads; }
#else
static void *pass(void *gate)
{
    pthread_mutex_lock(gate);
    pthread_mutex_unlock(gate);
    return NULL;
}

/* How many more threads there may be, of so many: started and ended again, for OpenMP ends the process where
 * it fails to start one, or to have the memory that is asked for here beside.  Their stacks stay cached for it. */
static int64_t startable(int64_t threads)
{
    pthread_mutex_t gate = PTHREAD_MUTEX_INITIALIZER;
    pthread_t *const started = malloc((size_t)threads * sizeof *started + TEAM_BYTES);
    int64_t n = 0;
    if (!started) return n;
    pthread_mutex_lock(&gate);
    while (n < threads && pthread_create(&started[n], NULL, pass, &gate) == 0) n++;
    pthread_mutex_unlock(&gate);
    for (int64_t i = 0; i < n; i++) pthread_join(started[i], NULL);
    free(started);
    return n;
}
#endif

/* Whether a team of `threads` is this thread's to use until leave(); lowers them to what can be started. */
static int enter(int64_t *threads, int64_t bytes)
{
    if (*threads < 2 || omp_in_parallel() || atomic_flag_test_and_set(&parallel)) return 0;
    if (!keeps && !atomic_flag_test_and_set(&kept)) {
        keeps = 1;
#ifndef _WIN32
        pthread_setspecific(keeper, &keeper);
#endif
    }
    if (keeps || bytes >= BYTES_OF_A_GUEST) {
        if (*threads > team) *threads = team + startable(*threads - team);
        if (*threads > 1) return 1;
    }
    atomic_flag_clear(&parallel);
    return 0;
}

static void leave(int64_t threads)
{
    team = threads;
    if (!keeps) {
        omp_pause_resource_all(omp_pause_soft);
        team = 1;
    }
    atomic_flag_clear(&parallel);
}
#endif

/* ---- a call ------------------------------------------------------------------------------------------------ */

#ifdef _OPENMP
/* The caller's thread is done with its share: it waits for the rest, and goes on asking. */
static void wait_for(atomic_int *done, int others)
{
    const int64_t spin_until = pool_now() + SPIN_NS;
    while (atomic_load_explicit(done, memory_order_acquire) < others) {
        pool_stop();
#ifndef _WIN32
        if (pool_now() < spin_until) sched_yield();
        else nanosleep(&(struct timespec){.tv_nsec = NAP_NS}, NULL);
#endif
    }
}
#endif

enum pool_status pool_run(const struct pool_job *job, const void *in, void *out, void *index, int workers,
                          int (*interrupted)(void), int64_t *bad_index)
{
    int64_t threads = job->g->bytes / pool_bytes_per_thread(job->g);
    if (threads > workers) threads = workers;
    const int64_t most_units = most(job->units, job->parts);
    if (threads > most_units) threads = most_units;
#ifdef _OPENMP
    if (threads > 1 && threads > pool_thread_limit()) threads = pool_thread_limit();
    if (!enter(&threads, job->g->bytes)) threads = 1;
#else
    threads = 1;
#endif

    const int in_parts = threads > job->units;
    const int64_t units = in_parts ? job->parts : job->units, scratch_bytes = threads * job->scratch_bytes;

    /* The lowest, whatever the threads: as an unsigned number, -1 is past them all. */
    uint64_t bad = UINT64_MAX;
    atomic_int stop = 0;
    struct watch *const before = watched;       /* a signal's handler may pool too */
    _Alignas(64) char small[SMALL_SCRATCH];
    const int on_stack = !in_parts && scratch_bytes <= SMALL_SCRATCH;
    char *scratch =
        on_stack ? small : aligned_alloc(64, (size_t)(scratch_bytes + (in_parts ? round_up(job->shared_bytes) : 0)));
    if (in_parts && scratch) index = scratch + scratch_bytes;
    if (scratch) {
        if (threads == 1) {
            struct watch w = {&stop, interrupted, interrupted ? pool_now() + ASK_NS : 0};
            watched = interrupted ? &w : NULL;
            bad = (uint64_t)do_units(job, 0, in, out, index, scratch, 0, units);
            watched = before;
        }
#ifdef _OPENMP
        else {
            atomic_int done = 0;
            atomic_store(&has_been_parallel, 1);
#pragma omp parallel num_threads((int)threads) reduction(min : bad)
            {
                const int64_t t = omp_get_thread_num(), n = omp_get_num_threads();
                const int64_t share = units / n, more = units % n;
                const int64_t first = share * t + (t < more ? t : more);
                struct watch w = {&stop, t == 0 ? interrupted : NULL, interrupted ? pool_now() + ASK_NS : 0};
                watched = interrupted ? &w : NULL;
                bad = (uint64_t)do_units(job, in_parts, in, out, index, scratch + t * job->scratch_bytes, first,
                                         first + share + (t < more));
                if (t) atomic_fetch_add_explicit(&done, 1, memory_order_release);
                else if (interrupted) wait_for(&done, (int)n - 1);
                watched = t ? NULL : before;
            }
            if (in_parts) do_units(job, 0, in, out, index, scratch, 0, job->units);
        }
#endif
        if (!on_stack) free(scratch);
    }
#ifdef _OPENMP
    if (threads > 1) leave(threads);
#endif
    *bad_index = (int64_t)bad;
    if (!scratch) return POOL_NO_MEMORY;
    if (atomic_load(&stop)) return POOL_INTERRUPTED;
    return *bad_index < 0 ? POOL_OK : POOL_BAD_INDEX;
}
