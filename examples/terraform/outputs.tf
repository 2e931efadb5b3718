output "cloud" {
  description = "The cloud section of a scenario: terraform output -raw cloud >> campaign.yaml"
  value = yamlencode({
    cloud = {
      project        = var.project
      serviceAccount = google_service_account.runner.email
      state          = "gs://${google_storage_bucket.state.name}"
      regions = {
        for region in var.regions : region => merge(
          {
            subnetwork    = "projects/${var.project}/regions/${region}/subnetworks/${google_compute_subnetwork.fep[region].name}"
            scratchBucket = google_storage_bucket.scratch[region].name
            resultsBucket = google_storage_bucket.results[region].name
          },
          var.image_digest == null ? {} : {
            imageUri = "${region}-docker.pkg.dev/${var.project}/${google_artifact_registry_repository.fepcast[region].repository_id}/${var.image}@${var.image_digest}"
          },
        )
      }
    }
  })
}

output "submitter" {
  description = "Who submits: gcloud auth application-default login --impersonate-service-account=..."
  value       = google_service_account.submitter.email
}

output "viewer" {
  description = "Who only looks: gcloud auth application-default login --impersonate-service-account=..."
  value       = google_service_account.viewer.email
}
