/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#ifndef HTTPCLIENT_RETRY_HPP
#define HTTPCLIENT_RETRY_HPP

/**
 * @file
 * Part of httpclient.hpp: what calls are cancelled, paced and tried again by, most of it of use without HTTP too.
 */

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <initializer_list>
#include <memory>
#include <optional>
#include <type_traits>
#include <utility>

#include "base.hpp"
#include "clock.hpp"
#include "error.hpp"

namespace httpclient
{

namespace detail
{

/* An optional argument that was moved from must not read as none. */
inline constexpr own_failure moved_argument = {HTTPC_E_INVALID_ARG, "an argument is an object that was moved from"};

template <class Handle> bool empty(const Handle *argument) noexcept { return argument != nullptr && !*argument; }

template <class Handle> auto native(const Handle *argument) noexcept
{
    return argument != nullptr ? argument->native_handle() : nullptr;
}

} // namespace detail

/* ---- Cancel tokens ----------------------------------------------------------------------- */

/** Ends calls from another thread or a signal handler. A request that holds it keeps it alive. */
class cancel_token : public detail::handle<httpc_cancel_token, httpc_cancel_token_free>
{
  public:
    using handle::handle;

    static result<cancel_token> try_make() { return detail::make<cancel_token>(httpc_cancel_token_new); }
#if HTTPCLIENT_EXCEPTIONS
    cancel_token() : cancel_token(try_make().value()) {}
#endif

    /** Async-signal-safe. */
    void cancel() const noexcept { httpc_cancel_token_cancel(native_handle()); }
    bool is_cancelled() const noexcept { return httpc_cancel_token_is_cancelled(native_handle()); }
};

/* ---- Rate limiters ----------------------------------------------------------------------- */

/** So many tokens in a period, for any number of threads and clients together. */
class rate_limiter : public detail::handle<httpc_rate_limiter, httpc_rate_limiter_free>
{
  public:
    using handle::handle;

    /** `time` nullptr: the real time. */
    static result<rate_limiter> try_make(std::uint64_t tokens, milliseconds period, std::uint64_t burst,
                                         const clock *time = nullptr)
    {
        if (detail::empty(time)) {
            return httpclient::error(&detail::moved_argument);
        }
        return detail::make<rate_limiter>(httpc_rate_limiter_new, tokens, detail::option_ms(period), burst,
                                          detail::native(time));
    }

    /** 0: no limit. */
    httpc_code max_wait(milliseconds time) const noexcept
    {
        return httpc_rate_limiter_set_max_wait(native_handle(), detail::option_ms(time));
    }
    /** `wait` 0: not at all. */
    result<void> try_acquire(std::uint32_t weight = 1, milliseconds wait = forever,
                             const cancel_token *token = nullptr) const
    {
        if (detail::empty(token)) {
            return httpclient::error(&detail::moved_argument);
        }
        return detail::run(httpc_rate_limiter_acquire, native_handle(), weight, detail::wait_ms(wait),
                           detail::native(token));
    }
    /** httpc_rate_limiter_try(): 0 when the tokens were there and are yours, else how long until they are. Never waits.
     */
    result<milliseconds> try_take(std::uint32_t weight = 1) const
    {
        std::uint64_t wait = 0;
        httpc_error *error = nullptr;
        const httpc_code got = httpc_rate_limiter_try(native_handle(), weight, &wait, &error);
        httpclient::error owner(error);
        if (got != HTTPC_OK && got != HTTPC_E_AGAIN) {
            return owner;
        }
        return detail::duration<milliseconds>(wait);
    }

#if HTTPCLIENT_EXCEPTIONS
    rate_limiter(std::uint64_t tokens, milliseconds period, std::uint64_t burst, const clock *time = nullptr)
        : rate_limiter(try_make(tokens, period, burst, time).value())
    {
    }
    void acquire(std::uint32_t weight = 1, milliseconds wait = forever, const cancel_token *token = nullptr) const
    {
        try_acquire(weight, wait, token).value();
    }
    milliseconds take(std::uint32_t weight = 1) const { return try_take(weight).value(); }
#endif
};

/* ---- Retry policies ---------------------------------------------------------------------- */

/** What is tried again, how often, and after how long. Copied when given to a config or request. Setters can be
 * chained. */
class retry_policy : public detail::options<retry_policy, httpc_retry_policy, httpc_retry_policy_free>
{
  public:
    using options::options;
    retry_policy() noexcept : options(detail::fresh(httpc_retry_policy_new)) {}

    /** The first failure of a setter; false when there is none. Borrowed. */
    error_view error() const noexcept HTTPCLIENT_BORROWED
    {
        return error_view(httpc_retry_policy_error(native_handle()));
    }

    retry_policy &max_attempts(std::uint32_t attempts) noexcept
    {
        return set(httpc_retry_policy_set_max_attempts, attempts);
    }
    retry_policy &backoff(milliseconds base, double multiplier, milliseconds cap) noexcept
    {
        return set(httpc_retry_policy_set_backoff, detail::option_ms(base), multiplier, detail::option_ms(cap));
    }
    retry_policy &jitter(httpc_jitter kind) noexcept
    {
        return set(httpc_retry_policy_set_jitter, static_cast<std::int32_t>(kind));
    }
    retry_policy &statuses(const std::int32_t *list, std::size_t count) noexcept
    {
        return set(httpc_retry_policy_set_statuses, list, count);
    }
    retry_policy &statuses(std::initializer_list<std::int32_t> list) noexcept
    {
        return statuses(list.begin(), list.size());
    }
    retry_policy &methods(const char *const *list, std::size_t count) noexcept
    {
        return set(httpc_retry_policy_set_methods, list, count);
    }
    retry_policy &methods(std::initializer_list<const char *> list) noexcept
    {
        return methods(list.begin(), list.size());
    }
    /** `longest` 0: no limit but the total timeout. */
    retry_policy &retry_after(bool on, milliseconds longest = milliseconds(0)) noexcept
    {
        return set(httpc_retry_policy_set_retry_after, on, detail::option_ms(longest));
    }
    retry_policy &retry_throttled(bool on) noexcept { return set(httpc_retry_policy_set_retry_throttled, on); }
    retry_policy &throttled_base(milliseconds base) noexcept
    {
        return set(httpc_retry_policy_set_throttled_base, detail::option_ms(base));
    }
    retry_policy &budget(std::uint32_t capacity, std::uint32_t retry_cost, std::uint32_t throttled_cost) noexcept
    {
        return set(httpc_retry_policy_set_budget, capacity, retry_cost, throttled_cost);
    }
    std::uint32_t budget_left() const noexcept { return httpc_retry_policy_budget_left(native_handle()); }
    /** For retry_run() only. */
    retry_policy &idempotent(bool on) noexcept { return set(httpc_retry_policy_set_idempotent, on); }
    /**
     * `judge` is called as httpc_decision(httpclient::attempt). It is moved to the heap and destroyed with the last
     * copy of the policy, on any thread. Calls on several threads judge at the same time. It must not throw
     * (std::terminate).
     */
    template <class Judge,
              std::enable_if_t<std::is_invocable_r_v<httpc_decision, std::decay_t<Judge> &, attempt>, int> = 0>
    retry_policy &decider(Judge &&judge)
    {
        using held = std::decay_t<Judge>;
        const auto decide = [](void *judge_, const httpc_attempt *failed) noexcept {
            const httpc_decision verdict = (*static_cast<held *>(judge_))(attempt(failed));
            return static_cast<std::int32_t>(verdict);
        };
        return set(httpc_retry_policy_set_decider, decide, new held(std::forward<Judge>(judge)), detail::drop<held>);
    }
    /** Takes the decider away. */
    retry_policy &decider(std::nullptr_t) noexcept
    {
        return set(httpc_retry_policy_set_decider, nullptr, nullptr, nullptr);
    }
};

/* ---- Retry without HTTP ------------------------------------------------------------------ */

/** What an attempt of retry_run() is told, and may answer besides its outcome. */
struct trial {
    std::uint32_t attempt;                   /* from 1 */
    std::optional<milliseconds> left;        /* of the total time; nullopt: no limit */
    std::optional<milliseconds> retry_after; /* set it when the other side asks for a pause */
};

namespace detail
{

template <class Attempt> struct running {
    Attempt &attempt;
#if HTTPCLIENT_EXCEPTIONS
    std::exception_ptr thrown = nullptr;
#endif

    std::int32_t operator()(trial &now)
    {
        const httpc_outcome how = attempt(now);
        return static_cast<std::int32_t>(how);
    }

    static std::int32_t call(void *self_, std::uint32_t number, std::uint64_t left, std::uint64_t *retry_after) noexcept
    {
        running &self = *static_cast<running *>(self_);
        trial now = {number, optional_ms(left), std::nullopt};
        std::int32_t how = HTTPC_OUTCOME_FATAL;
#if HTTPCLIENT_EXCEPTIONS
        /* It must not pass through C: it ends the loop, and goes on from there. */
        try {
            how = self(now);
        } catch (...) {
            self.thrown = std::current_exception();
        }
#else
        how = self(now);
#endif
        *retry_after = now.retry_after ? option_ms(*now.retry_after) : HTTPC_UNSET;
        return how;
    }
};

} // namespace detail

/**
 * Runs `attempt`, called as httpc_outcome(httpclient::trial &), on this thread until it succeeds or the policy says
 * stop. `total` 0: no limit. An exception of `attempt` ends the loop and is thrown on.
 */
template <class Attempt>
result<void> try_retry_run(const retry_policy &policy, milliseconds total, Attempt &&attempt,
                           const cancel_token *token = nullptr, const clock *time = nullptr)
{
    if (detail::empty(&policy) || detail::empty(token) || detail::empty(time)) {
        return httpclient::error(&detail::moved_argument);
    }
    detail::running<std::remove_reference_t<Attempt>> running{attempt};
    auto done = detail::run(httpc_retry_run, policy.native_handle(), detail::option_ms(total), detail::native(token),
                            detail::native(time), running.call, static_cast<void *>(&running));
#if HTTPCLIENT_EXCEPTIONS
    if (running.thrown != nullptr) {
        std::rethrow_exception(running.thrown);
    }
#endif
    return done;
}

/** A retry loop that the program drives: try, report it with next(), wait, and so on. `now` is of any steady clock. */
class retry : public detail::handle<httpc_retry, httpc_retry_free>
{
  public:
    using handle::handle;

    /** What is next: true is another attempt after `delay`, false the end for the reason `stop`. */
    struct step {
        httpc_stop stop;
        milliseconds delay;
        explicit operator bool() const noexcept { return stop == HTTPC_STOP_NONE; }
    };

    /** `total` counts from `now`; 0: no limit. */
    static result<retry> try_make(const retry_policy &policy, bool idempotent, milliseconds total, milliseconds now)
    {
        if (detail::empty(&policy)) {
            return httpclient::error(&detail::moved_argument);
        }
        return detail::make<retry>(httpc_retry_new, policy.native_handle(), std::int32_t{idempotent},
                                   detail::option_ms(total), detail::option_ms(now));
    }

    /** `status` counts with HTTPC_OUTCOME_STATUS only. */
    result<step> try_next(httpc_outcome how, milliseconds now, std::int32_t status = 0,
                          std::optional<milliseconds> retry_after = std::nullopt)
    {
        std::uint64_t delay = 0;
        std::int32_t reason = HTTPC_STOP_NONE;
        auto done = detail::run(httpc_retry_next, native_handle(), static_cast<std::int32_t>(how), status,
                                retry_after ? detail::option_ms(*retry_after) : HTTPC_UNSET, detail::option_ms(now),
                                &delay, &reason);
        if (!done) {
            return std::move(done).error();
        }
        return step{static_cast<httpc_stop>(reason), detail::duration<milliseconds>(delay)};
    }

    std::uint32_t attempts() const noexcept { return httpc_retry_attempts(native_handle()); }
    /** nullopt: no limit. */
    std::optional<milliseconds> left(milliseconds now) const noexcept
    {
        return detail::optional_ms(httpc_retry_left_ms(native_handle(), detail::option_ms(now)));
    }

#if HTTPCLIENT_EXCEPTIONS
    retry(const retry_policy &policy, bool idempotent, milliseconds total, milliseconds now)
        : retry(try_make(policy, idempotent, total, now).value())
    {
    }
    step next(httpc_outcome how, milliseconds now, std::int32_t status = 0,
              std::optional<milliseconds> retry_after = std::nullopt)
    {
        return try_next(how, now, status, retry_after).value();
    }
#endif
};

/** The pause that a Retry-After header asks for. `date` is the response's Date header, or nullptr. */
inline result<milliseconds>
try_retry_after_parse(const text &value, const text &date = nullptr,
                      std::chrono::system_clock::time_point now = std::chrono::system_clock::now())
{
    const auto unix_ms = std::chrono::duration_cast<milliseconds>(now.time_since_epoch()).count();
    auto ms = detail::read<std::uint64_t>(httpc_retry_after_parse, value.c_str(), date.c_str(),
                                          static_cast<std::int64_t>(unix_ms));
    if (!ms) {
        return std::move(ms).error();
    }
    return detail::duration<milliseconds>(*ms);
}

#if HTTPCLIENT_EXCEPTIONS
template <class Attempt>
void retry_run(const retry_policy &policy, milliseconds total, Attempt &&attempt, const cancel_token *token = nullptr,
               const clock *time = nullptr)
{
    try_retry_run(policy, total, attempt, token, time).value();
}
inline milliseconds retry_after_parse(const text &value, const text &date = nullptr,
                                      std::chrono::system_clock::time_point now = std::chrono::system_clock::now())
{
    return try_retry_after_parse(value, date, now).value();
}
#endif

} // namespace httpclient

#endif
