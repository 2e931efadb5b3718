# VMs have no external address: they reach Google's services through Private Google Access, and nothing else.

resource "google_compute_network" "fep" {
  name                    = "fep"
  auto_create_subnetworks = false

  depends_on = [google_project_service.api]
}

resource "google_compute_subnetwork" "fep" {
  for_each = { for index, region in var.regions : region => index }

  name                     = "fep"
  region                   = each.key
  network                  = google_compute_network.fep.id
  ip_cidr_range            = "10.${10 + each.value}.0.0/20" # 4,092 VMs
  private_ip_google_access = true
}
