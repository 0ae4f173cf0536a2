#pragma once

#include <string>
#include <vector>

#include "diffusion/schedule.h"
#include "latentdial/pipeline.h"
#include "model/learnt_embeddings.h"
#include "prompt/tokenizer.h"
#include "weights/checkpoint.h"

namespace latentdial::detail {

struct Model;

/// The noise schedule of the scheduler config, and what the U-Net's adds to it.
[[nodiscard]] NoiseSchedule schedule_of(const Checkpoint& checkpoint);

/// What a checkpoint's configs and tensor list say, before its weights are loaded. `device` and
/// `unused_tensors` stay empty.
[[nodiscard]] ModelInfo describe(const Checkpoint& checkpoint);

/// Adds what is known of it beside: the words that it learnt, `memory`, `fingerprint`, `hash`, `decoder` and
/// the refiner's name. `refiner` is null where there is none; a refiner itself has the other model's
/// autoencoder, so it counts none.
void complete(ModelInfo& info, const ModelOptions& options, const Checkpoint& checkpoint,
              const std::vector<Tokenizer>& tokenizers, const LearntEmbeddings& learnt,
              const ModelInfo* refiner, bool has_autoencoder = true);

/// What is known of a model with LoRAs that prompts add: the fingerprint and the list of LoRAs are its own;
/// the name and the hash that pictures carry stay the base's, since their prompts carry the LoRAs.
[[nodiscard]] ModelInfo describe_variant(const Checkpoint& checkpoint, const Model& base);

/// ModelInfo::fingerprint: samples of every tensor of text encoders, U-Net and autoencoder
/// (weights/sample_hash.h), the tokenizers, and what LoRAs add. The same on every machine and wherever the
/// files lie; another training of any part is another one. Configs are not covered.
[[nodiscard]] std::string fingerprint_of(const Checkpoint& checkpoint,
                                         const std::vector<Tokenizer>& tokenizers);

/// ModelInfo::hash: the fingerprint and, where there are some, the words of textual inversion and samples of
/// the TAESD at the path `taesd`, the prediction that was asked for, and the fingerprint of a refiner.
[[nodiscard]] std::string model_hash(const std::string& fingerprint, const LearntEmbeddings& learnt,
                                     const std::string& taesd, const std::string& prediction = "",
                                     const std::string& refiner = "");

}  // namespace latentdial::detail
