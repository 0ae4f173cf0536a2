#include <algorithm>
#include <string>

#include "weights/pickle.h"

namespace latentdial::detail {
namespace {

struct Allowed {
  std::string_view name;
  PickleCall call;
};

constexpr Allowed kAllowed[] = {
    {"torch._utils._rebuild_tensor", PickleCall::rebuild_tensor},
    {"torch._utils._rebuild_tensor_v2", PickleCall::rebuild_tensor},
    {"torch._utils._rebuild_tensor_v3", PickleCall::rebuild_tensor},
    {"torch._utils._rebuild_parameter", PickleCall::rebuild_parameter},
    {"torch._utils._rebuild_parameter_with_state", PickleCall::rebuild_parameter},
    {"collections.OrderedDict", PickleCall::make_dict},
    {"builtins.dict", PickleCall::make_dict},
    {"__builtin__.dict", PickleCall::make_dict},
    {"torch.Size", PickleCall::make_inert},
    {"torch.device", PickleCall::make_inert},
    {"torch.torch_version.TorchVersion", PickleCall::make_inert},
    {"numpy.dtype", PickleCall::make_inert},
    {"numpy.ndarray", PickleCall::make_inert},
    {"numpy.core.multiarray.scalar", PickleCall::make_inert},
    {"numpy.core.multiarray._reconstruct", PickleCall::make_inert},
    {"numpy._core.multiarray.scalar", PickleCall::make_inert},
    {"numpy._core.multiarray._reconstruct", PickleCall::make_inert},
    {"_codecs.encode", PickleCall::make_inert},
    {"copyreg._reconstructor", PickleCall::make_inert},
    {"copy_reg._reconstructor", PickleCall::make_inert},
    {"collections.defaultdict", PickleCall::make_inert},
    {"collections.Counter", PickleCall::make_inert},
    {"collections.deque", PickleCall::make_inert},
    {"builtins.set", PickleCall::make_inert},
    {"__builtin__.set", PickleCall::make_inert},
    {"builtins.frozenset", PickleCall::make_inert},
    {"__builtin__.frozenset", PickleCall::make_inert},
    {"builtins.bytearray", PickleCall::make_inert},
    {"__builtin__.bytearray", PickleCall::make_inert},
    {"builtins.complex", PickleCall::make_inert},
    {"__builtin__.complex", PickleCall::make_inert},
    {"builtins.object", PickleCall::make_inert},
    {"__builtin__.object", PickleCall::make_inert},
    {"argparse.Namespace", PickleCall::make_inert},
    {"pathlib.PosixPath", PickleCall::make_inert},
    {"pathlib.PurePosixPath", PickleCall::make_inert},
    {"pathlib.WindowsPath", PickleCall::make_inert},
    {"datetime.datetime", PickleCall::make_inert},
    {"datetime.timedelta", PickleCall::make_inert},
};

// Trainers store their own bookkeeping beside the weights.
constexpr std::string_view kInertPackages[] = {"pytorch_lightning.", "lightning.", "lightning_fabric.",
                                               "omegaconf."};

}  // namespace

PickleCall allowed_call(std::string_view module, std::string_view name) {
  const auto full = std::string(module) + "." + std::string(name);
  const auto* found = std::ranges::find(kAllowed, full, &Allowed::name);
  if (found != std::end(kAllowed)) return found->call;
  const bool inert =
      std::ranges::any_of(kInertPackages, [&](auto package) { return full.starts_with(package); });
  return inert ? PickleCall::make_inert : PickleCall::refuse;
}

}  // namespace latentdial::detail
