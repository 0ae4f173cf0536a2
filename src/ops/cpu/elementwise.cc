#include <fmt/format.h>

#include <algorithm>

#include "ops/cpu/check.h"
#include "ops/cpu/operations.h"
#include "ops/cpu/parallel.h"
#include "ops/cpu/simd_targets.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "ops/cpu/elementwise.cc"
#include <hwy/foreach_target.h>
#include <hwy/highway.h>

#include "ops/cpu/simd-inl.h"

HWY_BEFORE_NAMESPACE();
namespace latentdial::detail::ops::cpu {
namespace HWY_NAMESPACE {

// y[i] = f(x[i], …) for i < count, where y and x may be of different types.
template <class F, class Y, class... X>
void map_spans(const F& f, std::size_t count, Y* y, const X*... x) {
  const std::size_t lanes = hn::Lanes(Floats());
  std::size_t i = 0;
  for (; i + lanes <= count; i += lanes) store(f(load(x + i)...), y + i);
  if (const auto rest = count - i; rest > 0) store_part(f(load_part(x + i, rest)...), y + i, rest);
}

// Each kernel works on `count` elements from element `at` on.
void activate_span(Activation activation, const Tensor& x, Tensor& y, std::int64_t at, std::size_t count) {
  with_type(x.dtype(), [&]<class T>(T) {
    with_activation(activation, [&](auto kind) {
      map_spans([](Vector v) { return activated<decltype(kind)::value>(v); }, count, y.data<T>() + at,
                x.data<T>() + at);
    });
  });
}

void geglu_row(const Tensor& x, Tensor& y, std::int64_t row, std::size_t columns) {
  const auto at = row * static_cast<std::int64_t>(columns);
  with_type(x.dtype(), [&]<class T>(T) {
    const T* values = x.data<T>() + 2 * at;
    map_spans([](Vector value, Vector gate) { return hn::Mul(value, gelu(gate)); }, columns, y.data<T>() + at,
              values, values + columns);
  });
}

void add_span(const Tensor& a, const Tensor& b, std::int64_t at_b, Tensor& y, std::int64_t at,
              std::size_t count) {
  with_type(y.dtype(), [&]<class T>(T) {
    map_spans([](Vector left, Vector right) { return hn::Add(left, right); }, count, y.data<T>() + at,
              a.data<T>() + at, b.data<T>() + at_b);
  });
}

void prelu_span(const Tensor& x, const Tensor& slopes, std::int64_t at_slope, Tensor& y, std::int64_t at,
                std::size_t count) {
  with_type(y.dtype(), [&]<class T>(T) {
    map_spans(
        [](Vector v, Vector slope) {
          const auto zero = hn::Zero(Floats());
          return hn::MulAdd(slope, hn::Min(v, zero), hn::Max(v, zero));
        },
        count, y.data<T>() + at, x.data<T>() + at, slopes.data<T>() + at_slope);
  });
}

// Equal values stay as they are, to the bit.
void mix_span(const Tensor& a, const Tensor& b, float share, Tensor& y, std::int64_t at, std::size_t count) {
  const auto of_b = hn::Set(Floats(), share);
  with_type(y.dtype(), [&]<class T>(T) {
    map_spans([&](Vector left, Vector right) { return hn::MulAdd(of_b, hn::Sub(right, left), left); }, count,
              y.data<T>() + at, a.data<T>() + at, b.data<T>() + at);
  });
}

void cast_span(const Tensor& x, Tensor& y, std::int64_t at, std::size_t count) {
  with_type(x.dtype(), [&]<class From>(From) {
    with_type(y.dtype(), [&]<class To>(To) {
      map_spans([](Vector v) { return v; }, count, y.data<To>() + at, x.data<From>() + at);
    });
  });
}

}  // namespace HWY_NAMESPACE
}  // namespace latentdial::detail::ops::cpu
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace latentdial::detail::ops::cpu {
namespace {

HWY_EXPORT(activate_span);
HWY_EXPORT(geglu_row);
HWY_EXPORT(add_span);
HWY_EXPORT(prelu_span);
HWY_EXPORT(mix_span);
HWY_EXPORT(cast_span);

// y, written by body(y, at, count) span by span.
template <class Body>
Tensor by_spans(const Context& context, Tensor y, const Body& body) {
  constexpr std::int64_t kSpan = 1 << 14;
  parallel_blocks(context.threads, y.count(), kSpan, [&](std::int64_t begin, std::int64_t end) {
    body(y, begin, static_cast<std::size_t>(end - begin));
  });
  return y;
}

// x in another type; x itself when it is of that type already.
Tensor cast(const Context& context, const Tensor& x, DType dtype) {
  if (x.dtype() == dtype) return x;
  return by_spans(context, Tensor::empty(x.shape(), dtype),
                  [&](Tensor& y, std::int64_t at, std::size_t count) {
                    HWY_DYNAMIC_DISPATCH(cast_span)(x, y, at, count);
                  });
}

// Calls body(at, phase, count) for runs of `count` elements from `at` on that lie within one period.
template <class Body>
void by_periods(std::int64_t period, std::int64_t at, std::size_t count, const Body& body) {
  const auto end = at + static_cast<std::int64_t>(count);
  while (at < end) {
    const auto phase = at % period, run = std::min(end - at, period - phase);
    body(at, phase, static_cast<std::size_t>(run));
    at += run;
  }
}

// y[i] = a[i] + b[i mod count(b)] for `count` elements from `at` on.
void add_repeated(const Tensor& a, const Tensor& b, Tensor& y, std::int64_t at, std::size_t count) {
  by_periods(b.count(), at, count, [&](std::int64_t begin, std::int64_t phase, std::size_t run) {
    HWY_DYNAMIC_DISPATCH(add_span)(a, b, phase, y, begin, run);
  });
}

}  // namespace

Tensor to_device(const Context& context, const Tensor& host) {
  check_activation("to_device", {DType::f32, context.threads}, host);
  return cast(context, host, context.dtype);
}

Tensor to_host(const Context& context, const Tensor& device) {
  check_activation("to_host", context, device);
  return cast(context, device, DType::f32);
}

Tensor activate(const Context& context, const Tensor& x, Activation activation) {
  check_activation("activate", context, x);
  return by_spans(context, Tensor::empty(x.shape(), x.dtype()),
                  [&](Tensor& y, std::int64_t at, std::size_t count) {
                    HWY_DYNAMIC_DISPATCH(activate_span)(activation, x, y, at, count);
                  });
}

Tensor geglu(const Context& context, const Tensor& x) {
  check_activation("geglu", context, x);
  if (x.dim(-1) % 2 != 0) fault("geglu", "the last axis must be even");
  Shape shape = x.shape();
  shape.back() /= 2;
  Tensor y = Tensor::empty(shape, x.dtype());
  const auto columns = y.dim(-1);
  if (columns == 0) return y;
  parallel_for(context.threads, y.count() / columns, [&](std::int64_t row, int /*thread*/) {
    HWY_DYNAMIC_DISPATCH(geglu_row)(x, y, row, static_cast<std::size_t>(columns));
  });
  return y;
}

Tensor prelu(const Context& context, const Tensor& x, const Tensor& slopes) {
  check_activation("prelu", context, x);
  check_activation("prelu", context, slopes, {x.dim(-1)});
  return by_spans(
      context, Tensor::empty(x.shape(), x.dtype()), [&](Tensor& y, std::int64_t at, std::size_t count) {
        by_periods(slopes.count(), at, count, [&](std::int64_t begin, std::int64_t phase, std::size_t run) {
          HWY_DYNAMIC_DISPATCH(prelu_span)(x, slopes, phase, y, begin, run);
        });
      });
}

Tensor add(const Context& context, const Tensor& a, const Tensor& b) {
  check_activation("add", context, a);
  check_activation("add", context, b);
  const bool trailing =
      b.rank() <= a.rank() && std::equal(b.shape().rbegin(), b.shape().rend(), a.shape().rbegin());
  if (!trailing) {
    fault("add", fmt::format("{} is not a trailing part of {}", to_string(b.shape()), to_string(a.shape())));
  }
  return by_spans(context, Tensor::empty(a.shape(), a.dtype()),
                  [&](Tensor& y, std::int64_t at, std::size_t count) { add_repeated(a, b, y, at, count); });
}

Tensor mix(const Context& context, const Tensor& a, const Tensor& b, float share) {
  check_activation("mix", context, a);
  check_activation("mix", context, b, a.shape());
  return by_spans(context, Tensor::empty(a.shape(), a.dtype()),
                  [&](Tensor& y, std::int64_t at, std::size_t count) {
                    HWY_DYNAMIC_DISPATCH(mix_span)(a, b, share, y, at, count);
                  });
}

void add_to(const Context& context, Tensor& y, const Tensor& x) {
  by_spans(context, y,
           [&](Tensor& sum, std::int64_t at, std::size_t count) { add_repeated(sum, x, sum, at, count); });
}

}  // namespace latentdial::detail::ops::cpu
#endif  // HWY_ONCE
