# Three accounts: one that submits and follows jobs, one that the VMs run as, one that only looks.

locals {
  submitter_roles = [
    "roles/artifactregistry.reader",
    "roles/batch.jobsEditor",
    "roles/browser",
    "roles/compute.viewer",
    "roles/serviceusage.serviceUsageViewer",
  ]
  runner_roles = [
    "roles/artifactregistry.reader",
    "roles/batch.agentReporter",
    "roles/logging.logWriter",
  ]
  viewer_roles = [
    "roles/batch.jobsViewer",
    "roles/logging.viewer",
  ]
}

resource "google_service_account" "submitter" {
  account_id   = "fep-submitter"
  display_name = "Submits and follows FEP campaigns"

  depends_on = [google_project_service.api]
}

resource "google_service_account" "runner" {
  account_id   = "fep-runner"
  display_name = "VMs of FEP campaigns"

  depends_on = [google_project_service.api]
}

resource "google_service_account" "viewer" {
  account_id   = "fep-viewer"
  display_name = "Reads the state and the results of FEP campaigns"

  depends_on = [google_project_service.api]
}

resource "google_project_iam_member" "submitter" {
  for_each = toset(local.submitter_roles)

  project = var.project
  role    = each.key
  member  = google_service_account.submitter.member
}

resource "google_project_iam_member" "runner" {
  for_each = toset(local.runner_roles)

  project = var.project
  role    = each.key
  member  = google_service_account.runner.member
}

resource "google_project_iam_member" "viewer" {
  for_each = toset(local.viewer_roles)

  project = var.project
  role    = each.key
  member  = google_service_account.viewer.member
}

# The submitter sends jobs off in the name of the VMs' account, and of no other.
resource "google_service_account_iam_member" "act_as" {
  service_account_id = google_service_account.runner.name
  role               = "roles/iam.serviceAccountUser"
  member             = google_service_account.submitter.member
}

# People work as the submitter, or look as the viewer, without a key file.
resource "google_service_account_iam_member" "people" {
  for_each = toset(var.people)

  service_account_id = google_service_account.submitter.name
  role               = "roles/iam.serviceAccountTokenCreator"
  member             = each.key
}

resource "google_service_account_iam_member" "onlookers" {
  for_each = toset(var.people)

  service_account_id = google_service_account.viewer.name
  role               = "roles/iam.serviceAccountTokenCreator"
  member             = each.key
}
