/* Generates text ids from a package: generate MODEL.einf 0 12 5 ... */
#include <einfall/einfall.h>
#include <stdio.h>
#include <stdlib.h>

static int printToken(void *user, int64_t row, int64_t index, int64_t token) {
  (void)user, (void)row;
  printf(index ? " %lld" : "%lld", (long long)token);
  fflush(stdout);
  return 0;
}

static int fail(void) {
  fprintf(stderr, "error: %s\n", einf_last_error());
  return 1;
}

int main(int argc, char **argv) {
  if (argc < 3)
    return fprintf(stderr, "usage: %s MODEL.einf ID...\n", argv[0]), 2;
  int64_t length = argc - 2, *ids = malloc((size_t)length * sizeof *ids);
  for (int64_t i = 0; i < length; ++i)
    ids[i] = strtoll(argv[i + 2], NULL, 10);

  einf_package *package;
  einf_session *session;
  if (einf_package_open(argv[1], &package) != EINF_OK)
    return fail();
  if (einf_session_open_lm(package, 1, length + 48, 512, &session) != EINF_OK)
    return fail();

  einf_generate_options options;
  einf_generate_stats stats;
  einf_generate_defaults(&options);
  options.on_token = printToken;
  const int64_t *prompts[] = {ids};
  if (einf_generate(session, prompts, &length, 1, &options, NULL, NULL, &stats) != EINF_OK)
    return fail();
  printf("\n%.1f tokens/s\n", (double)stats.decode_steps / stats.decode_seconds);
  einf_session_close(session);
  einf_package_close(package);
  free(ids);
  return 0;
}
