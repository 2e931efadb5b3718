# Scratch holds claims and checkpoints, which are rewritten all the time: nothing that is overwritten is kept, and what
# nobody touches for 30 days goes. Results, inputs and the record of runs keep Google's seven days of soft delete.

resource "google_storage_bucket" "scratch" {
  for_each = toset(var.regions)

  name                        = "${var.project}-scratch-${each.key}"
  location                    = each.key
  uniform_bucket_level_access = true

  soft_delete_policy {
    retention_duration_seconds = 0
  }

  lifecycle_rule {
    action {
      type = "Delete"
    }
    condition {
      age = 30
    }
  }

  depends_on = [google_project_service.api]
}

resource "google_storage_bucket" "results" {
  for_each = toset(var.regions)

  name                        = "${var.project}-results-${each.key}"
  location                    = each.key
  uniform_bucket_level_access = true

  depends_on = [google_project_service.api]
}

resource "google_storage_bucket" "state" {
  name                        = "${var.project}-fepcast-state"
  location                    = var.regions[0]
  uniform_bucket_level_access = true

  depends_on = [google_project_service.api]
}

locals {
  scratch = { for region, bucket in google_storage_bucket.scratch : "scratch-${region}" => bucket.name }
  results = { for region, bucket in google_storage_bucket.results : "results-${region}" => bucket.name }
  state   = { state = google_storage_bucket.state.name }
}

resource "google_storage_bucket_iam_member" "submitter_objects" {
  for_each = merge(local.scratch, local.results, local.state)

  bucket = each.value
  role   = "roles/storage.objectUser"
  member = google_service_account.submitter.member
}

# The preflight reads the policies of the buckets; no role that only a project can grant is needed for that.
resource "google_storage_bucket_iam_member" "submitter_policies" {
  for_each = merge(local.scratch, local.results, local.state)

  bucket = each.value
  role   = "roles/storage.legacyBucketReader"
  member = google_service_account.submitter.member
}

resource "google_storage_bucket_iam_member" "runner_objects" {
  for_each = merge(local.scratch, local.results)

  bucket = each.value
  role   = "roles/storage.objectUser"
  member = google_service_account.runner.member
}

resource "google_storage_bucket_iam_member" "viewer_objects" {
  for_each = merge(local.scratch, local.results, local.state)

  bucket = each.value
  role   = "roles/storage.objectViewer"
  member = google_service_account.viewer.member
}
