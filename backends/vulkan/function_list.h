// Every Vulkan function that is called, once, without its prefix. No include guard: the includer defines what
// it wants of VK_GLOBAL, VK_INSTANCE, VK_INSTANCE_OPTIONAL and VK_DEVICE; they are undefined again at the
// end.
#ifndef VK_GLOBAL
#define VK_GLOBAL(name)
#endif
#ifndef VK_INSTANCE
#define VK_INSTANCE(name)
#endif
#ifndef VK_INSTANCE_OPTIONAL
#define VK_INSTANCE_OPTIONAL(name)
#endif
#ifndef VK_DEVICE
#define VK_DEVICE(name)
#endif

VK_GLOBAL(EnumerateInstanceExtensionProperties)
VK_GLOBAL(EnumerateInstanceLayerProperties)
VK_GLOBAL(CreateInstance)

VK_INSTANCE(DestroyInstance)
VK_INSTANCE(EnumeratePhysicalDevices)
VK_INSTANCE(EnumerateDeviceExtensionProperties)
VK_INSTANCE(GetPhysicalDeviceProperties)
VK_INSTANCE(GetPhysicalDeviceProperties2)
VK_INSTANCE(GetPhysicalDeviceFeatures2)
VK_INSTANCE(GetPhysicalDeviceMemoryProperties2)
VK_INSTANCE(GetPhysicalDeviceQueueFamilyProperties)
VK_INSTANCE(CreateDevice)
VK_INSTANCE(GetDeviceProcAddr)
VK_INSTANCE_OPTIONAL(CreateDebugUtilsMessengerEXT)
VK_INSTANCE_OPTIONAL(DestroyDebugUtilsMessengerEXT)
VK_INSTANCE_OPTIONAL(GetPhysicalDeviceCooperativeMatrixPropertiesKHR)

VK_DEVICE(DestroyDevice)
VK_DEVICE(DeviceWaitIdle)
VK_DEVICE(GetDeviceQueue)
VK_DEVICE(QueueSubmit)
VK_DEVICE(CreateBuffer)
VK_DEVICE(DestroyBuffer)
VK_DEVICE(GetBufferMemoryRequirements)
VK_DEVICE(BindBufferMemory)
VK_DEVICE(AllocateMemory)
VK_DEVICE(FreeMemory)
VK_DEVICE(MapMemory)
VK_DEVICE(CreateCommandPool)
VK_DEVICE(DestroyCommandPool)
VK_DEVICE(AllocateCommandBuffers)
VK_DEVICE(FreeCommandBuffers)
VK_DEVICE(BeginCommandBuffer)
VK_DEVICE(EndCommandBuffer)
VK_DEVICE(CreateFence)
VK_DEVICE(DestroyFence)
VK_DEVICE(ResetFences)
VK_DEVICE(WaitForFences)
VK_DEVICE(CreateDescriptorSetLayout)
VK_DEVICE(DestroyDescriptorSetLayout)
VK_DEVICE(CreateDescriptorPool)
VK_DEVICE(DestroyDescriptorPool)
VK_DEVICE(ResetDescriptorPool)
VK_DEVICE(AllocateDescriptorSets)
VK_DEVICE(UpdateDescriptorSets)
VK_DEVICE(CreatePipelineLayout)
VK_DEVICE(DestroyPipelineLayout)
VK_DEVICE(CreatePipelineCache)
VK_DEVICE(DestroyPipelineCache)
VK_DEVICE(GetPipelineCacheData)
VK_DEVICE(CreateShaderModule)
VK_DEVICE(DestroyShaderModule)
VK_DEVICE(CreateComputePipelines)
VK_DEVICE(DestroyPipeline)
VK_DEVICE(CreateQueryPool)
VK_DEVICE(DestroyQueryPool)
VK_DEVICE(GetQueryPoolResults)
VK_DEVICE(CmdPipelineBarrier)
VK_DEVICE(CmdBindPipeline)
VK_DEVICE(CmdBindDescriptorSets)
VK_DEVICE(CmdPushConstants)
VK_DEVICE(CmdDispatch)
VK_DEVICE(CmdCopyBuffer)
VK_DEVICE(CmdFillBuffer)
VK_DEVICE(CmdResetQueryPool)
VK_DEVICE(CmdWriteTimestamp)
VK_DEVICE(CmdBeginQuery)
VK_DEVICE(CmdEndQuery)

#undef VK_GLOBAL
#undef VK_INSTANCE
#undef VK_INSTANCE_OPTIONAL
#undef VK_DEVICE
