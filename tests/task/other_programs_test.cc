#include "task/other_programs.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "latentdial/parameters.h"

namespace latentdial::detail {
namespace {

using ::testing::Contains;
using ::testing::Pair;

// As ComfyUI's default workflow writes it, with a LoRA between.
constexpr const char* kGraph = R"({
  "3": {"class_type": "KSampler", "inputs": {"seed": 156680208700286, "steps": 20, "cfg": 8, "sampler_name": "dpmpp_2m",
        "scheduler": "karras", "denoise": 1, "model": ["10", 0], "positive": ["6", 0], "negative": ["7", 0], "latent_image": ["5", 0]}},
  "4": {"class_type": "CheckpointLoaderSimple", "inputs": {"ckpt_name": "folder/v1-5-pruned.safetensors"}},
  "5": {"class_type": "EmptyLatentImage", "inputs": {"width": 512, "height": 768, "batch_size": 1}},
  "6": {"class_type": "CLIPTextEncode", "inputs": {"text": "a glass bottle,\n\"galaxy\" inside", "clip": ["4", 1]}},
  "7": {"class_type": "CLIPTextEncode", "inputs": {"text": "text, watermark", "clip": ["4", 1]}},
  "8": {"class_type": "VAEDecode", "inputs": {"samples": ["3", 0], "vae": ["4", 2]}},
  "9": {"class_type": "SaveImage", "inputs": {"filename_prefix": "ComfyUI", "images": ["8", 0]}},
  "10": {"class_type": "LoraLoader", "inputs": {"lora_name": "ink.safetensors", "strength_model": 0.8, "model": ["4", 0]}}})";

TEST(OtherPrograms, ComfysGraphIsReadAsFarAsItsSampler) {
  const Settings s = parse_parameters(kGraph);
  EXPECT_EQ(s.prompt, "a glass bottle,\n\"galaxy\" inside");
  EXPECT_EQ(s.negative_prompt, "text, watermark");
  EXPECT_EQ(s.seed, 156680208700286);
  EXPECT_EQ(s.steps, 20);
  EXPECT_EQ(s.guidance_scale, 8);
  EXPECT_EQ(s.sampler, "dpm++2m");
  EXPECT_EQ(s.scheduler, "karras");
  EXPECT_EQ(s.width, 512);
  EXPECT_EQ(s.height, 768);
  EXPECT_EQ(read_made_by(kGraph).model, "v1-5-pruned");
  EXPECT_FALSE(read_made_by(kGraph).by_latentdial);
  EXPECT_THAT(read_other_program(kGraph)->pairs, Contains(Pair("Lora hashes", "ink")));
}

TEST(OtherPrograms, ComfysValuesMayComeFromOtherNodes) {
  const Settings s = parse_parameters(R"({
    "1": {"class_type": "SamplerCustom", "inputs": {"noise_seed": ["2", 0], "cfg": 3, "positive": ["4", 0], "negative": ["5", 0],
          "sampler": ["6", 0], "sigmas": ["7", 0], "latent_image": ["8", 0]}},
    "2": {"class_type": "PrimitiveInt", "inputs": {"value": 7}},
    "3": {"class_type": "PrimitiveString", "inputs": {"value": "a dog"}},
    "4": {"class_type": "ControlNetApply", "inputs": {"conditioning": ["9", 0], "strength": 1}},
    "5": {"class_type": "ConditioningZeroOut", "inputs": {"conditioning": ["9", 0]}},
    "6": {"class_type": "KSamplerSelect", "inputs": {"sampler_name": "euler_ancestral"}},
    "7": {"class_type": "BasicScheduler", "inputs": {"scheduler": "normal", "steps": 9, "denoise": 1}},
    "8": {"class_type": "EmptyLatentImage", "inputs": {"width": ["2", 0], "height": 64}},
    "9": {"class_type": "CLIPTextEncode", "inputs": {"text": ["3", 0]}}})");
  EXPECT_EQ(s.prompt, "a dog");
  EXPECT_EQ(s.seed, 7);
  EXPECT_EQ(s.steps, 9);
  EXPECT_EQ(s.sampler, "euler_a");
  EXPECT_EQ(s.width, 7);
}

TEST(OtherPrograms, OfTwoSamplersTheOneThatBeginsWithNoiseIsRead) {
  const Settings s = parse_parameters(R"({
    "1": {"class_type": "KSampler", "inputs": {"seed": 1, "steps": 9, "denoise": 0.5, "positive": ["3", 0]}},
    "2": {"class_type": "KSampler", "inputs": {"seed": 2, "steps": 8, "denoise": 1.0, "positive": ["3", 0]}},
    "3": {"class_type": "CLIPTextEncode", "inputs": {"text": "a cat"}}})");
  EXPECT_EQ(s.seed, 2);
  EXPECT_EQ(s.prompt, "a cat");
}

TEST(OtherPrograms, AGraphThatLeadsBackToItselfEnds) {
  const Settings s = parse_parameters(R"({
    "1": {"class_type": "KSampler", "inputs": {"seed": ["2", 0], "steps": 3, "positive": ["3", 0], "latent_image": ["1", 0]}},
    "2": {"class_type": "Loop", "inputs": {"value": ["2", 0]}},
    "3": {"class_type": "Loop", "inputs": {"conditioning": ["3", 0], "text": ["3", 0]}}})");
  EXPECT_EQ(s.steps, 3);
  EXPECT_EQ(s.prompt, "");
}

TEST(OtherPrograms, InvokesMetadataAreRead) {
  constexpr const char* kText =
      R"({"app_version": "4.2.9", "generation_mode": "txt2img", "positive_prompt": "a barn",
    "negative_prompt": "", "width": 512, "height": 640, "seed": 42, "cfg_scale": 7.5, "steps": 30, "scheduler": "dpmpp_2m_k",
    "clip_skip": 1, "model": {"name": "Dreamshaper 8", "hash": "blake3:0"}, "loras": [], "strength": null})";
  const Settings s = parse_parameters(kText);
  EXPECT_EQ(s.prompt, "a barn");
  EXPECT_EQ(s.steps, 30);
  EXPECT_EQ(s.guidance_scale, 7.5);
  EXPECT_EQ(s.sampler, "dpm++2m");
  EXPECT_EQ(s.scheduler, "karras");
  EXPECT_EQ(s.height, 640);
  EXPECT_EQ(read_made_by(kText).model, "Dreamshaper 8");
  const auto pairs = read_other_program(kText)->pairs;
  EXPECT_THAT(pairs, Contains(Pair("Clip skip", "2")));
  EXPECT_THAT(pairs, Contains(Pair("app_version", "4.2.9")));
  EXPECT_THAT(pairs, ::testing::Not(Contains(Pair("Lora hashes", ::testing::_))));
}

TEST(OtherPrograms, ArgumentsOfDiffusersAreRead) {
  const Settings s = parse_parameters(R"({"prompt": "a hill", "num_inference_steps": 25, "guidance_scale": 5,
    "seed": 9, "width": 512, "height": 512, "scheduler": "EulerAncestralDiscreteScheduler"})");
  EXPECT_EQ(s.prompt, "a hill");
  EXPECT_EQ(s.steps, 25);
  EXPECT_EQ(s.guidance_scale, 5);
  EXPECT_EQ(s.sampler, "euler_a");
}

TEST(OtherPrograms, WhatIsWrittenBehindIsReadToo) {
  const auto list = list_parameters(std::string(kGraph) + ", Postprocess upscale by: 2");
  EXPECT_EQ(list.back().key, "Postprocess upscale by");
  EXPECT_EQ(list.back().value, "2");
}

TEST(OtherPrograms, AnyOtherTextIsNotTheirs) {
  for (const char* text : {"a dog\nSteps: 3", "{a|b} dog", "{}", "[1]", "{\"prompt\": \"a dog\"}",
                           "{\"3\": {\"class_type\": 1}}"})
    EXPECT_FALSE(read_other_program(text)) << text;
}

}  // namespace
}  // namespace latentdial::detail
