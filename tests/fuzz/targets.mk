# FUZZ_<x> := the module that tests/fuzz/fuzz_<x>.c tests.
FUZZ_record := injector/event
FUZZ_ring   := injector/ring
FUZZ_policy := webhook/policy
FUZZ_review := webhook/mutate
FUZZ_users := injector/launch
FUZZ_yaml := webhook/manifest
FUZZ_json_edit := webhook/manifest
