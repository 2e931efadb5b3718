import type { AuthClient } from 'google-auth-library';

/** A login of a person, whose address no login tells: gcloud knows it, in the shell where the command is pasted. */
export const MY_ACCOUNT = '"user:$(gcloud config get account)"';

/**
 * Who calls, as a member of a policy and as it is written in a shell command. Roles that are missing are missing on
 * this one: with a service account that is impersonated, or attached to a VM, that is not whoever uses gcloud.
 */
export async function memberOf(login: AuthClient): Promise<string> {
  const { GoogleAuth, JWT, UserRefreshClient } = await import('google-auth-library');
  if (login instanceof UserRefreshClient) return MY_ACCOUNT;
  const email =
    login instanceof JWT
      ? login.email
      : await new GoogleAuth({ authClient: login }).getCredentials().then(
          ({ client_email }) => client_email,
          // Nobody is stopped because the words of a repair are not known.
          () => undefined,
        );
  return email ? `serviceAccount:${email}` : MY_ACCOUNT;
}
