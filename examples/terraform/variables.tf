variable "project" {
  description = "Id of a project that exists and has a billing account."
  type        = string
}

variable "regions" {
  description = "Regions to run in; the first one is the home of the state bucket."
  type        = list(string)
  default     = ["us-central1", "us-east4"]
}

variable "people" {
  description = "Who may work as the submitter and look as the viewer, for example [\"user:ana@example.com\"]."
  type        = list(string)
  default     = []
}

variable "image" {
  description = "Name of the task image in each region's repository."
  type        = string
  default     = "gromacs-l4"
}

variable "image_digest" {
  description = "Digest of the pushed image, sha256:...; null before there is one."
  type        = string
  default     = null
}
