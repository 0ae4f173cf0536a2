#include <algorithm>

#include "ops/cpu/conv2d.h"
#include "ops/cpu/product.h"
#include "ops/cpu/tiling.h"
#include "ops/cpu/winograd_kernel.h"

namespace latentdial::detail::ops::cpu {
namespace {

constexpr auto kBlock = static_cast<std::int64_t>(kDepthBlock);
constexpr auto kProducts = static_cast<std::int64_t>(kWinogradProducts);
constexpr auto kInput = static_cast<std::int64_t>(kWinogradInput);
constexpr auto kOutput = static_cast<std::int64_t>(kWinogradOutput);
constexpr std::int64_t kWindow = 9;

// Floats of transformed pixels and of transformed weights at a time: with their products, what one of several
// users of a last-level cache can hope to keep there. Weights are transformed anew for each part, which costs
// less than memory; fewer tiles than kFewestAtOnce would not be worth it.
constexpr std::int64_t kInputFloats = 1 << 20, kWeightFloats = 1 << 21;
constexpr std::int64_t kFewestAtOnce = 64;

// The 36 planes lie one cache line further apart, so that they do not share cache sets.
constexpr std::int64_t kPlaneGap = 16;

// Channels of the weights that one job transforms.
constexpr std::int64_t kDepthAtOnce = 64;

// With so few tiles the weights are the larger part: each thread transforms and uses its own, a panel at a
// time and so many channels that they stay in its second-level cache.
constexpr std::int64_t kFewTiles = 64;
constexpr std::int64_t kFewTilesDepth = 64;
static_assert(kFewTiles <= kFewestAtOnce, "few tiles are one part");

/// How one convolution is cut: into groups of 4×4 tiles, and those into groups of panels of output channels.
struct Plan {
  std::int64_t tile_columns_y, tile_columns_x, tiles;  // of the whole batch
  std::int64_t depth, width, panels;                   // padded input channels; a panel's output channels
  std::int64_t tiles_at_once, panels_at_once;
  std::int64_t depth_at_once;              // input channels whose weights are transformed at a time
  std::int64_t rows, groups;               // tiles per register tile; register tiles of a full group
  std::int64_t v_plane, u_plane, m_plane;  // floats from one of the 36 products to the next

  Plan(const Shape& shape, std::int64_t padded_in, std::int64_t panel_count)
      : tile_columns_y(divide_up(shape[1], kOutput)),
        tile_columns_x(divide_up(shape[2], kOutput)),
        tiles(shape[0] * tile_columns_y * tile_columns_x),
        depth(padded_in),
        width(static_cast<std::int64_t>(tile_columns())),
        panels(panel_count) {
    const auto most_tiles = std::max(kInputFloats / (kProducts * depth), kFewestAtOnce);
    tiles_at_once = divide_up(tiles, divide_up(tiles, most_tiles));
    const auto most_panels = std::max<std::int64_t>(kWeightFloats / (kProducts * depth * width), 1);
    panels_at_once = has_few_tiles() ? 1 : divide_up(panels, divide_up(panels, most_panels));
    depth_at_once = has_few_tiles() ? std::min(kFewTilesDepth, depth) : depth;
    rows = static_cast<std::int64_t>(tile_rows(static_cast<std::size_t>(tiles_at_once)));
    groups = divide_up(tiles_at_once, rows);
    v_plane = groups * rows * depth + kPlaneGap;
    u_plane = panels_at_once * depth_at_once * width + kPlaneGap;
    m_plane = groups * rows * panels_at_once * width + kPlaneGap;
  }
  [[nodiscard]] bool has_few_tiles() const { return tiles <= kFewTiles; }
};

/// Half-open ranges of tiles and of panels that are worked on.
struct TileRange {
  std::int64_t first_tile, end_tile, first_panel, end_panel;
  [[nodiscard]] std::int64_t tile_count() const { return end_tile - first_tile; }
  [[nodiscard]] std::int64_t panel_count() const { return end_panel - first_panel; }
};

class WinogradConv2d final : public PackedConv2d {
 public:
  WinogradConv2d(const Context& context, const Tensor& weight, const Tensor& bias, ConvGeometry geometry)
      : PackedConv2d(context.dtype, weight, geometry),
        depth_(divide_up(in(), kBlock) * kBlock),
        weights_(pack_panels(context, weight.reshape({out(), in() * kWindow}), depth_ * kWindow)),
        bias_(padded_bias(bias, weights_.dim(0) * weights_.dim(2))) {}

  void run(const Context& context, const Tensor& x, const Epilogue& epilogue, Tensor& y) const override;

 private:
  void transform_pixels(const Context& context, const Plan& plan, const TileRange& part, const Tensor& x,
                        Tensor& v) const;
  void transform_channels(const Plan& plan, std::int64_t panel, std::int64_t first, std::int64_t count,
                          float* u) const;
  void transform_panels(const Context& context, const Plan& plan, const TileRange& part, Tensor& u) const;
  void run_by_planes(const Context& context, const Plan& plan, const Tensor& x, const Epilogue& epilogue,
                     Tensor& y) const;
  void run_by_panels(const Context& context, const Plan& plan, const Tensor& x, const Epilogue& epilogue,
                     Tensor& y) const;
  void write_tile(const Plan& plan, const TileRange& part, std::int64_t tile, const float* m,
                  const Epilogue& epilogue, Tensor& y) const;

  std::int64_t depth_;  // input channels, padded
  Tensor weights_;      // [panels, depth·9, panel columns], in the type of the activations
  Tensor bias_;         // f32, padded to whole panels
};

// v[36][register tile][depth block][row][16] of the part's tiles.
void WinogradConv2d::transform_pixels(const Context& context, const Plan& plan, const TileRange& part,
                                      const Tensor& x, Tensor& v) const {
  const auto height = x.dim(1), width = x.dim(2);
  const Tensor outside = Tensor::zeros({plan.depth}, x.dtype());
  const auto pixel_bytes = static_cast<std::size_t>(in()) * element_size(x.dtype());
  // Tiles that only fill the last register tile are zeros: left as they are they might be slow denormals.
  const auto padded = round_up(part.tile_count(), plan.rows);
  parallel_for(context.threads, padded, [&](std::int64_t i, int /*thread*/) {
    const bool fills = i >= part.tile_count();
    const auto tile = part.first_tile + i;
    const auto b = tile / (plan.tile_columns_y * plan.tile_columns_x);
    const auto first_y = tile / plan.tile_columns_x % plan.tile_columns_y * kOutput - 1;
    const auto first_x = tile % plan.tile_columns_x * kOutput - 1;
    WinogradInput input{
        .dtype = x.dtype(),
        .channels = static_cast<std::size_t>(in()),
        .v = v.data<float>() + i / plan.rows * plan.rows * plan.depth + i % plan.rows * kBlock,
        .product_stride = static_cast<std::size_t>(plan.v_plane),
        .block_stride = static_cast<std::size_t>(plan.rows * kBlock)};
    for (std::int64_t e = 0; e < kProducts; ++e) {
      const auto iy = first_y + e / kInput, ix = first_x + e % kInput;
      const bool inside = !fills && iy >= 0 && ix >= 0 && iy < height && ix < width;
      input.pixels[static_cast<std::size_t>(e)] =
          inside ? x.raw() + static_cast<std::size_t>((b * height + iy) * width + ix) * pixel_bytes
                 : outside.raw();
    }
    transform_input(input);
  });
}

// u[36][channel][panel columns] of some channels of one panel.
void WinogradConv2d::transform_channels(const Plan& plan, std::int64_t panel, std::int64_t first,
                                        std::int64_t count, float* u) const {
  const auto at = static_cast<std::size_t>((panel * plan.depth + first) * kWindow * plan.width);
  transform_weights(weights_.dtype(), weights_.raw() + at * element_size(weights_.dtype()),
                    static_cast<std::size_t>(count), u, static_cast<std::size_t>(plan.u_plane));
}

// u[36][panel][depth][panel columns] of the part's panels.
void WinogradConv2d::transform_panels(const Context& context, const Plan& plan, const TileRange& part,
                                      Tensor& u) const {
  const auto slices = divide_up(plan.depth, kDepthAtOnce);
  parallel_for(context.threads, part.panel_count() * slices, [&](std::int64_t i, int /*thread*/) {
    const auto panel = i / slices, first = i % slices * kDepthAtOnce;
    transform_channels(plan, part.first_panel + panel, first, std::min(kDepthAtOnce, plan.depth - first),
                       u.data<float>() + (panel * plan.depth + first) * plan.width);
  });
}

// m[36][tile][panel][panel columns] = v·u, each of the 36 by itself.
void multiply_planes(const Context& context, const Plan& plan, const TileRange& part, const Tensor& v,
                     const Tensor& u, Tensor& m) {
  const auto ranges = std::clamp<std::int64_t>(4 * context.threads / kProducts, 1, part.panel_count());
  const auto panels_per_range = divide_up(part.panel_count(), ranges);
  parallel_for(context.threads, kProducts * ranges, [&](std::int64_t i, int /*thread*/) {
    const auto e = i / ranges, first = i % ranges * panels_per_range;
    const auto end = std::min(part.panel_count(), first + panels_per_range), size = plan.depth * plan.width;
    for (auto panel = first; panel < end; ++panel) {
      const auto* weights = u.data<float>() + e * plan.u_plane + panel * size;
      multiply({.a = v.data<float>() + e * plan.v_plane,
                .tiles = static_cast<std::size_t>(divide_up(part.tile_count(), plan.rows)),
                .rows = static_cast<std::size_t>(plan.rows),
                .a_stride = static_cast<std::size_t>(plan.rows * plan.depth),
                .panel = weights,
                .depth_blocks = static_cast<std::size_t>(plan.depth / kBlock),
                .c = m.data<float>() + e * plan.m_plane + panel * plan.width,
                .c_stride = static_cast<std::size_t>(plan.panels_at_once * plan.width),
                .add = false});
    }
  });
}

void WinogradConv2d::write_tile(const Plan& plan, const TileRange& part, std::int64_t tile, const float* m,
                                const Epilogue& epilogue, Tensor& y) const {
  const auto height = y.dim(1), width = y.dim(2), column = part.first_panel * plan.width;
  const auto b = tile / (plan.tile_columns_y * plan.tile_columns_x);
  const auto first_y = tile / plan.tile_columns_x % plan.tile_columns_y * kOutput;
  const auto first_x = tile % plan.tile_columns_x * kOutput;
  WinogradOutput output{
      .m = m,
      .product_stride = static_cast<std::size_t>(plan.m_plane),
      .columns = static_cast<std::size_t>(std::min(out(), part.end_panel * plan.width) - column),
      .dtype = y.dtype(),
      .bias = bias_.defined() ? bias_.data<float>() + column : nullptr,
      .activation = epilogue.activation};
  for (std::int64_t i = 0; i < kOutput * kOutput; ++i) {
    const auto iy = first_y + i / kOutput, ix = first_x + i % kOutput;
    if (iy >= height || ix >= width) continue;
    const auto at =
        static_cast<std::size_t>(((b * height + iy) * width + ix) * out() + column) * element_size(y.dtype());
    output.y[static_cast<std::size_t>(i)] = y.raw() + at;
    if (epilogue.residual == nullptr) continue;
    output.residual[static_cast<std::size_t>(i)] = epilogue.residual->raw() + at;
  }
  transform_output(output);
}

void WinogradConv2d::run_by_planes(const Context& context, const Plan& plan, const Tensor& x,
                                   const Epilogue& epilogue, Tensor& y) const {
  Tensor v = Tensor::empty({kProducts * plan.v_plane});
  Tensor u = Tensor::empty({kProducts * plan.u_plane});
  Tensor m = Tensor::empty({kProducts * plan.m_plane});
  for (std::int64_t tile = 0; tile < plan.tiles; tile += plan.tiles_at_once) {
    TileRange part{tile, std::min(plan.tiles, tile + plan.tiles_at_once), 0, 0};
    transform_pixels(context, plan, part, x, v);
    for (std::int64_t panel = 0; panel < plan.panels; panel += plan.panels_at_once) {
      part.first_panel = panel;
      part.end_panel = std::min(plan.panels, panel + plan.panels_at_once);
      transform_panels(context, plan, part, u);
      multiply_planes(context, plan, part, v, u, m);
      const auto row = plan.panels_at_once * plan.width;
      parallel_for(context.threads, part.tile_count(), [&](std::int64_t i, int /*thread*/) {
        write_tile(plan, part, tile + i, m.data<float>() + i * row, epilogue, y);
      });
    }
  }
}

void WinogradConv2d::run_by_panels(const Context& context, const Plan& plan, const Tensor& x,
                                   const Epilogue& epilogue, Tensor& y) const {
  Tensor v = Tensor::empty({kProducts * plan.v_plane});
  Tensor u = Tensor::empty({context.threads, kProducts * plan.u_plane});
  Tensor m = Tensor::empty({context.threads, kProducts * plan.m_plane});
  transform_pixels(context, plan, {0, plan.tiles, 0, 0}, x, v);
  parallel_for(context.threads, plan.panels, [&](std::int64_t panel, int thread) {
    auto* own_u = u.data<float>() + thread * kProducts * plan.u_plane;
    auto* own_m = m.data<float>() + thread * kProducts * plan.m_plane;
    for (std::int64_t k = 0; k < plan.depth; k += plan.depth_at_once) {
      const auto depth = std::min(plan.depth_at_once, plan.depth - k);
      transform_channels(plan, panel, k, depth, own_u);
      for (std::int64_t e = 0; e < kProducts; ++e) {
        multiply({.a = v.data<float>() + e * plan.v_plane + k * plan.rows,
                  .tiles = static_cast<std::size_t>(plan.groups),
                  .rows = static_cast<std::size_t>(plan.rows),
                  .a_stride = static_cast<std::size_t>(plan.rows * plan.depth),
                  .panel = own_u + e * plan.u_plane,
                  .depth_blocks = static_cast<std::size_t>(depth / kBlock),
                  .c = own_m + e * plan.m_plane,
                  .c_stride = static_cast<std::size_t>(plan.width),
                  .add = k > 0});
      }
    }
    for (std::int64_t tile = 0; tile < plan.tiles; ++tile) {
      write_tile(plan, {0, plan.tiles, panel, panel + 1}, tile, own_m + tile * plan.width, epilogue, y);
    }
  });
}

void WinogradConv2d::run(const Context& context, const Tensor& x, const Epilogue& epilogue, Tensor& y) const {
  const Plan plan(x.shape(), depth_, weights_.dim(0));
  if (plan.has_few_tiles()) {
    run_by_panels(context, plan, x, epilogue, y);
  } else {
    run_by_planes(context, plan, x, epilogue, y);
  }
}

}  // namespace

bool suits_winograd(const Tensor& weight, const ConvGeometry& geometry) {
  return weight.dim(1) >= kBlock && weight.dim(2) == 3 && weight.dim(3) == 3 && geometry.stride == 1 &&
         geometry.pad_before == 1 && geometry.pad_after == 1;
}

PackedWeight prepare_winograd_conv2d(const Context& context, const Tensor& weight, const Tensor& bias,
                                     ConvGeometry geometry) {
  return std::make_shared<WinogradConv2d>(context, weight, bias, geometry);
}

}  // namespace latentdial::detail::ops::cpu
