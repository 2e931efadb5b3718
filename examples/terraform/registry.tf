# A repository in each region: a pull from another region is slower, and billed as a transfer for every VM.

resource "google_artifact_registry_repository" "fepcast" {
  for_each = toset(var.regions)

  repository_id = "fepcast"
  format        = "DOCKER"
  location      = each.key

  depends_on = [google_project_service.api]
}
