#include <unistd.h>

#include <algorithm>
#include <cmath>
#include <vector>

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

// What a job holds at a time: transformed pixels, one row of transformed weights and all their products. A
// second-level cache of 1 MiB has room for them, so that nothing of it passes through the last one, which
// others use as well. Each group of columns transforms its pixels anew and each group of tiles its weights,
// together a sixth of the time.
constexpr double kTilesAtOnce = 42, kColumnsAtOnce = 64, kDepthAtOnce = 64;

// The planes lie one cache line further apart, so that they do not share cache sets.
constexpr std::int64_t kPlaneGap = 16;

// Jobs per thread that leave none waiting for long.
constexpr std::int64_t kJobsPerThread = 4;

// Sides of a job as multiples of those for 1 MiB. Every sum runs over the depth in order, so that the bits do
// not depend on it.
double cache_scale() {
  static const auto bytes = ::sysconf(_SC_LEVEL2_CACHE_SIZE);
  return std::sqrt(std::clamp(static_cast<double>(bytes) / (1 << 20), 0.25, 2.0));
}

std::int64_t scaled(double extent, std::int64_t step) {
  const auto steps = std::lround(extent * cache_scale() / static_cast<double>(step));
  return step * std::max<std::int64_t>(steps, 1);
}

/// How one convolution is cut into jobs: groups of 4×4 tiles times groups of panels of output channels.
struct Plan {
  std::int64_t tile_columns_y, tile_columns_x, tiles;  // of the whole batch
  std::int64_t panels, width;                          // width: output channels of a panel
  std::int64_t depth_at_once = scaled(kDepthAtOnce, kBlock);
  std::int64_t tile_groups, tiles_at_once, panels_at_once, panel_groups;
  std::int64_t rows, register_tiles;       // tiles per register tile; register tiles of a group
  std::int64_t v_plane, u_plane, m_plane;  // floats from one product to the next

  Plan(const Shape& shape, std::int64_t panel_count, int threads)
      : tile_columns_y(divide_up(shape[1], kOutput)),
        tile_columns_x(divide_up(shape[2], kOutput)),
        tiles(shape[0] * tile_columns_y * tile_columns_x),
        panels(panel_count),
        width(static_cast<std::int64_t>(tile_columns())),
        tile_groups(divide_up(tiles, scaled(kTilesAtOnce, 1))),
        tiles_at_once(divide_up(tiles, tile_groups)),
        panels_at_once(std::clamp(tile_groups * panels / (kJobsPerThread * threads), std::int64_t{1},
                                  scaled(kColumnsAtOnce, width) / width)),
        panel_groups(divide_up(panels, panels_at_once)),
        rows(static_cast<std::int64_t>(tile_rows(static_cast<std::size_t>(tiles_at_once)))),
        register_tiles(divide_up(tiles_at_once, rows)),
        v_plane(register_tiles * rows * depth_at_once + kPlaneGap),
        u_plane(panels_at_once * depth_at_once * width + kPlaneGap),
        m_plane(register_tiles * rows * width + kPlaneGap) {}

  [[nodiscard]] std::int64_t workspace_floats() const {
    return kProducts * (v_plane + panels_at_once * m_plane) + kInput * u_plane;
  }
};

/// What one job computes, and where it keeps what it makes on the way.
struct Job {
  std::int64_t first_tile, tiles, first_panel, panels;
  float* v;  // [36][register tile][depth block][row][16]
  float* u;  // [6][panel][channel][panel columns]
  float* m;  // [36][panel][tile][panel columns]
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
  [[nodiscard]] Job job(const Plan& plan, std::int64_t group, std::int64_t panel_group,
                        float* workspace) const;
  [[nodiscard]] std::vector<WinogradInput> inputs(const Plan& plan, const Job& job, const Tensor& x,
                                                  const Tensor& outside) const;
  void transform_row(const Plan& plan, const Job& job, std::int64_t first, std::int64_t depth,
                     std::int64_t row) const;
  void multiply_tiles(const Plan& plan, const Job& job, const std::vector<WinogradInput>& tiles) const;
  void write_tile(const Plan& plan, const Job& job, std::int64_t i, std::int64_t panel,
                  const Epilogue& epilogue, Tensor& y) const;

  std::int64_t depth_;  // input channels, padded
  Tensor weights_;      // [panels, depth·9, panel columns], in the type of the activations
  Tensor bias_;         // f32, padded to whole panels
};

Job WinogradConv2d::job(const Plan& plan, std::int64_t group, std::int64_t panel_group,
                        float* workspace) const {
  const auto first_tile = group * plan.tiles_at_once, first_panel = panel_group * plan.panels_at_once;
  auto* u = workspace + kProducts * plan.v_plane;
  return {.first_tile = first_tile,
          .tiles = std::min(plan.tiles_at_once, plan.tiles - first_tile),
          .first_panel = first_panel,
          .panels = std::min(plan.panels_at_once, plan.panels - first_panel),
          .v = workspace,
          .u = u,
          .m = u + kInput * plan.u_plane};
}

// Where each tile of the job finds its pixels and puts what they become.
std::vector<WinogradInput> WinogradConv2d::inputs(const Plan& plan, const Job& job, const Tensor& x,
                                                  const Tensor& outside) const {
  const auto height = x.dim(1), width = x.dim(2);
  const auto pixel_bytes = static_cast<std::size_t>(in()) * element_size(x.dtype());
  // Tiles that only fill the last register tile are zeros: left as they are they might be slow denormals.
  std::vector<WinogradInput> result(static_cast<std::size_t>(round_up(job.tiles, plan.rows)));
  for (std::int64_t i = 0; i < std::ssize(result); ++i) {
    const bool fills = i >= job.tiles;
    const auto tile = job.first_tile + i;
    const auto b = tile / (plan.tile_columns_y * plan.tile_columns_x);
    const auto first_y = tile / plan.tile_columns_x % plan.tile_columns_y * kOutput - 1;
    const auto first_x = tile % plan.tile_columns_x * kOutput - 1;
    auto& input = result[static_cast<std::size_t>(i)];
    input = {.dtype = x.dtype(),
             .channels = static_cast<std::size_t>(in()),
             .v = job.v + i / plan.rows * plan.rows * plan.depth_at_once + i % plan.rows * kBlock,
             .product_stride = static_cast<std::size_t>(plan.v_plane),
             .block_stride = static_cast<std::size_t>(plan.rows * kBlock)};
    for (std::int64_t e = 0; e < kProducts; ++e) {
      const auto iy = first_y + e / kInput, ix = first_x + e % kInput;
      const bool inside = !fills && iy >= 0 && ix >= 0 && iy < height && ix < width;
      input.pixels[static_cast<std::size_t>(e)] =
          inside ? x.raw() + static_cast<std::size_t>((b * height + iy) * width + ix) * pixel_bytes
                 : outside.raw();
    }
  }
  return result;
}

// Row `row` of u, for `depth` channels from `first` on.
void WinogradConv2d::transform_row(const Plan& plan, const Job& job, std::int64_t first, std::int64_t depth,
                                   std::int64_t row) const {
  for (std::int64_t panel = 0; panel < job.panels; ++panel) {
    const auto at = ((job.first_panel + panel) * depth_ + first) * kWindow * plan.width;
    transform_weights(
        {.dtype = weights_.dtype(),
         .weights = weights_.raw() + static_cast<std::size_t>(at) * element_size(weights_.dtype()),
         .depth = static_cast<std::size_t>(depth),
         .row = static_cast<std::size_t>(row),
         .u = job.u + panel * plan.depth_at_once * plan.width,
         .product_stride = static_cast<std::size_t>(plan.u_plane)});
  }
}

// m = v·u, each of the 36 by itself, for so many channels at a time as the workspace holds.
void WinogradConv2d::multiply_tiles(const Plan& plan, const Job& job,
                                    const std::vector<WinogradInput>& tiles) const {
  for (std::int64_t first = 0; first < depth_; first += plan.depth_at_once) {
    const auto depth = std::min(plan.depth_at_once, depth_ - first);
    for (const auto& tile : tiles) {
      transform_input(tile, static_cast<std::size_t>(first), static_cast<std::size_t>(depth));
    }
    for (std::int64_t i = 0; i < kProducts * job.panels; ++i) {
      const auto e = i / job.panels, panel = i % job.panels;
      if (i % (kInput * job.panels) == 0) transform_row(plan, job, first, depth, e / kInput);
      multiply({.a = job.v + e * plan.v_plane,
                .tiles = tiles.size() / static_cast<std::size_t>(plan.rows),
                .rows = static_cast<std::size_t>(plan.rows),
                .a_stride = static_cast<std::size_t>(plan.rows * plan.depth_at_once),
                .panel = job.u + e % kInput * plan.u_plane + panel * plan.depth_at_once * plan.width,
                .depth_blocks = static_cast<std::size_t>(depth / kBlock),
                .c = job.m + (e * plan.panels_at_once + panel) * plan.m_plane,
                .c_stride = static_cast<std::size_t>(plan.width),
                .add = first > 0});
    }
  }
}

// The 4×4 results of tile i of the job in one panel's channels.
void WinogradConv2d::write_tile(const Plan& plan, const Job& job, std::int64_t i, std::int64_t panel,
                                const Epilogue& epilogue, Tensor& y) const {
  const auto height = y.dim(1), width = y.dim(2), column = (job.first_panel + panel) * plan.width;
  const auto tile = job.first_tile + i;
  const auto b = tile / (plan.tile_columns_y * plan.tile_columns_x);
  const auto first_y = tile / plan.tile_columns_x % plan.tile_columns_y * kOutput;
  const auto first_x = tile % plan.tile_columns_x * kOutput;
  WinogradOutput output{.m = job.m + panel * plan.m_plane + i * plan.width,
                        .product_stride = static_cast<std::size_t>(plan.panels_at_once * plan.m_plane),
                        .columns = static_cast<std::size_t>(std::min(out() - column, plan.width)),
                        .dtype = y.dtype(),
                        .bias = bias_.defined() ? bias_.data<float>() + column : nullptr,
                        .activation = epilogue.activation};
  for (std::int64_t p = 0; p < kOutput * kOutput; ++p) {
    const auto iy = first_y + p / kOutput, ix = first_x + p % kOutput;
    if (iy >= height || ix >= width) continue;
    const auto at =
        static_cast<std::size_t>(((b * height + iy) * width + ix) * out() + column) * element_size(y.dtype());
    output.y[static_cast<std::size_t>(p)] = y.raw() + at;
    if (epilogue.residual == nullptr) continue;
    output.residual[static_cast<std::size_t>(p)] = epilogue.residual->raw() + at;
  }
  transform_output(output);
}

void WinogradConv2d::run(const Context& context, const Tensor& x, const Epilogue& epilogue, Tensor& y) const {
  const Plan plan(x.shape(), weights_.dim(0), context.threads);
  const Tensor outside = Tensor::zeros({depth_}, x.dtype());
  Tensor workspaces = Tensor::empty({context.threads, plan.workspace_floats()});
  // What is larger, pixels or weights, comes from memory once.
  const bool pixels_first = x.count() > weights_.count();
  parallel_for(context.threads, plan.tile_groups * plan.panel_groups, [&](std::int64_t i, int thread) {
    const auto group = pixels_first ? i / plan.panel_groups : i % plan.tile_groups;
    const auto panel_group = pixels_first ? i % plan.panel_groups : i / plan.tile_groups;
    const auto own =
        job(plan, group, panel_group, workspaces.data<float>() + thread * plan.workspace_floats());
    multiply_tiles(plan, own, inputs(plan, own, x, outside));
    for (std::int64_t w = 0; w < own.tiles * own.panels; ++w) {
      write_tile(plan, own, w / own.panels, w % own.panels, epilogue, y);
    }
  });
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
