/* lent.h - serve the certificate that cert-manager keeps (tls.source: cert-manager).
 *
 * Why      cert-manager writes the Secret, its cainjector the caBundle: nothing is written here.
 *          The two change one after the other, and without an overlap of authorities.  So a new
 *          certificate is served once the caBundle vouches for it, or does not for the old one any
 *          more, whichever comes first.
 * Threads  The keeper's.
 */
#ifndef FARGUARD_ADMIT_LENT_H
#define FARGUARD_ADMIT_LENT_H

struct err;
struct keeper;

/* Read Secret and webhook configuration, and serve what they say.  Returns 0, also while the
 * caBundle does not vouch for what is served (is_trusted is false then), or -errno. */
int lent_step(struct keeper *keeper, struct err *err);

#endif
